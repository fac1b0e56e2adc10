import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { Exchange } from './exchange.js';

function bench(write: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve()) {
  const clock = new ManualClock();
  const written: string[] = [];
  const exchange = new Exchange<string>({
    clock,
    write: (bytes) => {
      written.push(Buffer.from(bytes).toString('latin1'));
      return write(bytes);
    },
  });
  const ask = (text: string, timeoutMs = 100): Promise<string> =>
    exchange.ask({
      bytes: Buffer.from(text),
      timeoutMs,
      name: text,
      accept: (reply) => reply.startsWith(text),
    });
  return { clock, written, exchange, ask };
}

/** Lets what was settled run on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an exchange', () => {
  it('hears a reply that comes before the write call returned', async () => {
    const { exchange, ask, clock } = bench(async () => {
      expect(exchange.receive('a!')).toBe(true);
    });
    expect(await ask('a')).toBe('a!');
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks one question at a time, in order', async () => {
    const { exchange, ask, written } = bench();
    const both = Promise.all([ask('a'), ask('b')]);
    await turn();
    expect(written).toEqual(['a']);
    exchange.receive('a1');
    await turn();
    expect(written).toEqual(['a', 'b']);
    exchange.receive('b1');
    expect(await both).toEqual(['a1', 'b1']);
  });

  it('gives up after its time, and takes the late reply for no other question', async () => {
    const { exchange, ask, clock } = bench();
    const late = expect(ask('a')).rejects.toMatchObject({ code: 'DEVICE_TIMEOUT' });
    await turn();
    clock.advance(100);
    await late;
    expect(exchange.receive('a1')).toBe(false);
    const next = ask('b');
    await turn();
    expect(exchange.receive('a1')).toBe(false);
    expect(exchange.receive('b1')).toBe(true);
    expect(await next).toBe('b1');
  });

  it('fails with the reason of a write that failed, and asks on', async () => {
    let isBroken = true;
    const { exchange, ask, clock } = bench(() =>
      isBroken ? Promise.reject(new Error('pulled')) : Promise.resolve(),
    );
    await expect(ask('a')).rejects.toThrow('pulled');
    isBroken = false;
    const next = ask('b');
    await turn();
    exchange.receive('b1');
    expect(await next).toBe('b1');
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends every question when it is closed, and holds no timer', async () => {
    const { exchange, ask, clock } = bench();
    const all = [ask('a'), ask('b')].map((one) => expect(one).rejects.toMatchObject({ code: 'PORT_CLOSED' }));
    await turn();
    exchange.close();
    await Promise.all(all);
    await expect(ask('c')).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    expect(clock.pendingTimers).toBe(0);
  });
});
