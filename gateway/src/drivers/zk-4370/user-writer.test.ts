import { describe, expect, it } from 'vitest';
import { COMMAND } from './packet.js';
import { UserWriter } from './user-writer.js';
import type { UserConversation } from './users.js';

const ADMINISTRATOR = 14;

interface Person {
  uid: number;
  user: string;
  name?: string;
}

/** Layouts of pyzk: `<H B 5s 8s I x B h I>` and `<H B 8s 24s I x 7s x 24s>`. */
function recordOf(size: 28 | 72, { uid, user, name = 'Somebody' }: Person): Buffer {
  const record = Buffer.alloc(size);
  record.writeUInt16LE(uid);
  record.writeUInt8(ADMINISTRATOR, 2);
  if (size === 28) {
    record.write('1234', 3);
    record.write(name, 8, 8);
    record.writeUInt32LE(0xabcdef, 16);
    record.writeUInt8(3, 21);
    record.writeUInt16LE(2, 22);
    record.writeUInt32LE(Number(user), 24);
  } else {
    record.write('12345678', 3);
    record.write(name, 11, 24);
    record.writeUInt32LE(0xabcdef, 35);
    record.write('3', 40);
    record.write(user, 48);
  }
  return record;
}

class FakeTerminal implements UserConversation {
  readonly written: Buffer[] = [];
  readonly deleted: number[] = [];
  count: number | undefined;
  /** What it answers to a deletion is lost, and it is told again. */
  losesAnswers = false;
  readonly #records: Buffer[];

  constructor(records: Buffer[]) {
    this.#records = records;
    this.count = records.length;
  }

  async ask(
    _name: string,
    command: number,
    data: Uint8Array = new Uint8Array(),
  ): Promise<Uint8Array | undefined> {
    if (command === COMMAND.writeUser) this.written.push(Buffer.from(data));
    if (command === COMMAND.deleteUser) return this.#delete(Buffer.from(data).readUInt16LE(0));
    if (command !== COMMAND.sizes) return new Uint8Array();
    if (this.count === undefined) return undefined;
    const sizes = Buffer.alloc(80);
    sizes.writeUInt32LE(this.count, 16);
    return sizes;
  }

  #delete(uid: number): Uint8Array | undefined {
    this.deleted.push(uid);
    const at = this.#records.findIndex((record) => record.readUInt16LE(0) === uid);
    if (at >= 0) this.#records.splice(at, 1);
    this.count = this.#records.length;
    return this.losesAnswers || at < 0 ? undefined : new Uint8Array();
  }

  async readTable(...[, , onChunk]: Parameters<UserConversation['readTable']>): Promise<void> {
    await onChunk(Buffer.concat([Buffer.alloc(4), ...this.#records]), 0);
  }
}

describe.each([28, 72] as const)('a terminal whose users have %i bytes', (size) => {
  const ravi = recordOf(size, { uid: 7, user: '1007' });
  const asha = recordOf(size, { uid: 9, user: '1009', name: 'Ashalata' });

  it('keeps privilege, password, group, zone and card of a user that gets another name', async () => {
    const terminal = new FakeTerminal([ravi, asha]);
    await new UserWriter(terminal).change({ action: 'put', user: '1009', name: 'Asha' });
    expect(terminal.written).toEqual([recordOf(size, { uid: 9, user: '1009', name: 'Asha' })]);
  });

  it('makes a user that is not there, without any privilege', async () => {
    const terminal = new FakeTerminal([ravi, asha]);
    await new UserWriter(terminal).change({ action: 'put', user: '1010', name: 'आशा' });
    const [record] = terminal.written;
    expect([record?.readUInt16LE(0), record?.readUInt8(2), record?.length]).toEqual([10, 0, size]);
    // A letter is never cut in half.
    const name = record?.subarray(size === 28 ? 8 : 11, size === 28 ? 16 : 35).toString('utf8') ?? '';
    expect('आशा'.startsWith(name.replaceAll('\0', ''))).toBe(true);
  });

  it('has deleted whom it refuses to delete, since he is gone', async () => {
    const terminal = new FakeTerminal([ravi, asha]);
    terminal.losesAnswers = true;
    await new UserWriter(terminal).change({ action: 'remove', user: '1009' });
    expect(terminal.deleted).toEqual([9]);
  });

  it.each([
    ['their count is not told', undefined],
    ['the table has other users than are counted', 3],
  ])('is not written to while %s', async (_why, count) => {
    const terminal = new FakeTerminal([ravi, asha]);
    terminal.count = count;
    for (const action of ['put', 'remove'] as const) {
      const change = { action, user: '1009', name: 'Asha' };
      await expect(new UserWriter(terminal).change(change)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    }
    expect([terminal.written, terminal.deleted]).toEqual([[], []]);
  });
});
