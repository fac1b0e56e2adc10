import { RollcallError } from '@rollcall/protocol/errors';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryPort } from './memory.fixture.js';
import { sharePorts } from './shared-port.js';
import type { OpenTransport, Transport } from './transport.js';

const LINK = { baud: 9600, dtr: false, rts: false, shared: true };

let port: MemoryPort;
let openTransport: OpenTransport;

beforeEach(() => {
  port = new MemoryPort();
  openTransport = sharePorts(port.openTransport);
});

interface Member {
  transport: Transport;
  heard: string[];
  codes: string[];
  turn(): Promise<() => void>;
}

function member(): Member {
  const transport = openTransport('/dev/bus', LINK);
  return {
    transport,
    heard: [],
    codes: [],
    turn: () => transport.takeTurn?.() ?? Promise.reject(new Error('not shared')),
  };
}

async function joined(): Promise<Member> {
  const made = member();
  await made.transport.open({
    onBytes: (chunk) => made.heard.push(Buffer.from(chunk).toString('latin1')),
    onClose: ({ code }) => made.codes.push(code),
  });
  return made;
}

describe('a shared port', () => {
  it('is opened by the first and closed by the last', async () => {
    const [a, b] = await Promise.all([joined(), joined()]);
    expect(port.openings).toHaveLength(1);
    await a.transport.close();
    expect(port.last.isOpen).toBe(true);
    await b.transport.close();
    expect(port.last.isOpen).toBe(false);
    expect([a.codes, b.codes]).toEqual([['PORT_CLOSED'], ['PORT_CLOSED']]);
    await joined();
    expect(port.openings).toHaveLength(2);
  });

  it('gives what is heard to whoever has the turn, and to nobody between turns', async () => {
    const a = await joined();
    const b = await joined();
    const end = await a.turn();
    port.last.receive('for a');
    end();
    port.last.receive('late');
    const endOfB = await b.turn();
    port.last.receive('for b');
    endOfB();
    expect([a.heard, b.heard]).toEqual([['for a'], ['for b']]);
  });

  it('gives one turn at a time, in the order in which they were asked for', async () => {
    const a = await joined();
    const b = await joined();
    const order: string[] = [];
    const end = await a.turn();
    const second = b.turn().then((done) => {
      order.push('b');
      done();
    });
    const third = a.turn().then((done) => {
      order.push('a');
      done();
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    end();
    end();
    await Promise.all([second, third]);
    expect(order).toEqual(['b', 'a']);
  });

  it('lets nobody write into the turn of another', async () => {
    const a = await joined();
    const b = await joined();
    const end = await a.turn();
    await expect(b.transport.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    await a.transport.write(Buffer.from('y'));
    end();
    await b.transport.write(Buffer.from('z'));
    expect(port.last.written).toEqual(['y', 'z']);
  });

  it('goes on when a member leaves in the middle of its turn', async () => {
    const a = await joined();
    const b = await joined();
    await a.turn();
    const next = b.turn();
    await a.transport.close();
    (await next)();
    await expect(a.turn()).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });

  it('is lost for all at once, whoever waits for a turn included', async () => {
    const a = await joined();
    const b = await joined();
    await a.turn();
    const waiting = b.turn();
    port.unplug();
    await expect(waiting).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect([a.codes, b.codes]).toEqual([['PORT_LOST'], ['PORT_LOST']]);
    await expect(a.transport.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    port.plug();
    await joined();
    expect(port.openings).toHaveLength(2);
  });

  it('tells everybody who waits for the opening why it failed, and tries again with the next', async () => {
    port.failure = new RollcallError('PORT_BUSY', 'busy');
    const results = await Promise.allSettled([joined(), joined()]);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    port.plug();
    await joined();
  });

  it('is not held open by a member that was closed while it opened', async () => {
    let opened = (): void => undefined;
    port.opening = new Promise((resolve) => {
      opened = resolve;
    });
    const a = member();
    const opening = a.transport.open({ onBytes: () => undefined, onClose: () => undefined });
    await a.transport.close();
    opened();
    await expect(opening).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    expect(port.last.isOpen).toBe(false);
  });

  it('is not shared where the link does not say so', async () => {
    const { shared: _shared, ...own } = LINK;
    expect(openTransport('/dev/bus', own).takeTurn).toBeUndefined();
  });
});
