import { RollcallError } from '@rollcall/protocol/errors';
import type { UserChange } from '../user-change.js';
import { COMMAND } from './packet.js';
import type { RawUser } from './records.js';
import { readUsers, type UserConversation, type Users } from './users.js';

/** Where the count of users is in the answer to `sizes`. */
const USERS_AT = 16;
const FINGERS = 10;
const UID_MAX = 65_534;
/** Where name and user id stand in the two records (4370 note, pyzk). The rest of a record is never written anew. */
const LAYOUTS = {
  28: { name: [8, 8], user: 24 },
  72: { name: [11, 24], user: 48 },
} as const;

/** Changes whom a terminal knows (layouts of pyzk: `set_user`, `delete_user`, `delete_user_template`). */
export class UserWriter {
  readonly #conversation: UserConversation;

  constructor(conversation: UserConversation) {
    this.#conversation = conversation;
  }

  /** @throws RollcallError `DEVICE_REFUSED` or `DEVICE_TIMEOUT`. */
  async change(change: UserChange): Promise<void> {
    const known = await this.#read();
    const present = known.users.find(({ user }) => user === change.user);
    if (change.action === 'put') await this.#put(change, known, present);
    else if (present !== undefined && change.action === 'remove') await this.#remove(present);
    else if (present !== undefined) await this.#forgetFingers(present);
    await this.#conversation.ask('to take over what changed', COMMAND.refreshData);
  }

  /** All of them or a refusal: who is not seen would be written over, or be made a second time. */
  async #read(): Promise<Users> {
    const sizes = await this.#conversation.ask('for its counts', COMMAND.sizes);
    if (sizes !== undefined && sizes.length >= USERS_AT + 4) {
      const count = Buffer.from(sizes).readUInt32LE(USERS_AT);
      const known = count === 0 ? { users: [], size: undefined } : await readUsers(this.#conversation, count);
      if (known.users.length === count) return known;
    }
    throw new RollcallError(
      'DEVICE_REFUSED',
      'The users of the terminal cannot be read, and nothing was changed; try again, or do it in its menu',
    );
  }

  /** Of a user that is there the name alone changes: privilege, password, group and card are the terminal's own. */
  async #put(
    { user, name }: { user: string; name: string },
    { users, size = 72 }: Users,
    present: RawUser | undefined,
  ): Promise<void> {
    const layout = LAYOUTS[size];
    const record = present === undefined ? Buffer.alloc(size) : Buffer.from(present.record);
    if (present === undefined) {
      const uid = Math.max(0, ...users.map((one) => one.uid)) + 1;
      if (uid > UID_MAX)
        throw new RollcallError('DEVICE_REFUSED', 'The terminal has no room for another user');
      record.writeUInt16LE(uid);
      writeUserId(record, user);
    }
    const [at, bytes] = layout.name;
    record.fill(0, at, at + bytes).write(name, at, bytes, 'utf8');
    await this.#tell('to take a user', COMMAND.writeUser, record);
  }

  async #remove({ uid, user }: RawUser): Promise<void> {
    const data = Buffer.alloc(2);
    data.writeUInt16LE(uid);
    try {
      await this.#tell('to delete a user', COMMAND.deleteUser, data);
    } catch (error) {
      // Told twice, since its answer was lost, it has nobody to delete any more.
      if ((await this.#read()).users.some((one) => one.user === user)) throw error;
    }
  }

  /** Finger by finger; a finger that is not there is refused, which is as good. */
  async #forgetFingers({ user }: RawUser): Promise<void> {
    for (let finger = 0; finger < FINGERS; finger++) {
      const data = Buffer.alloc(25);
      data.write(user, 0, 24, 'latin1');
      data.writeUInt8(finger, 24);
      await this.#conversation.ask('to delete a finger', COMMAND.deleteFinger, data);
    }
  }

  async #tell(name: string, command: number, data: Uint8Array): Promise<void> {
    if ((await this.#conversation.ask(name, command, data)) !== undefined) return;
    throw new RollcallError('DEVICE_REFUSED', `The terminal refuses ${name}; do it in its menu`);
  }
}

/** @throws RollcallError `DEVICE_REFUSED` where the record has only a number for it. */
function writeUserId(record: Buffer, user: string): void {
  if (record.length === 72) {
    record.write(user, LAYOUTS[72].user, 24, 'latin1');
    return;
  }
  if (!/^\d{1,9}$/.test(user)) {
    throw new RollcallError('DEVICE_REFUSED', 'This terminal takes only digits as a user id');
  }
  record.writeUInt32LE(Number(user), LAYOUTS[28].user);
}
