import { afterEach, describe, expect, it } from 'vitest';
import { DeviceBench } from './device-bench.test-support.js';
import { framed } from './twn4.js';

let bench: DeviceBench;
afterEach(() => bench.stop());

async function start(): Promise<(text: string, length: number) => Promise<string>> {
  bench = new DeviceBench('twn4');
  const host = await bench.start();
  return async (text, length) => {
    const sent = bench.next('sent');
    host.write(`${text}\r`);
    // The answer is on its way once the command was heard.
    while (bench.clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    bench.clock.advance(2_000);
    await sent;
    return Buffer.from(await host.read(length)).toString('latin1');
  };
}

/** TWN4 note, part C. */
describe('a simulated TWN4', () => {
  it('answers one line with one line, as in the worked examples', async () => {
    const say = await start();
    expect(await say('050010', 5)).toBe('0000\r');
    bench.device.hold('66CF4DC2');
    expect(await say('050010', 19)).toBe('000180200466CF4DC2\r');
    expect(await say('05020100000000000000', 3)).toBe('00\r');
    expect(await say('050010', 5)).toBe('0000\r');
    expect((await say('0004FF', 4)).startsWith('001A')).toBe(true);
  });

  it('frames answers as the worked binary frame and the reference messages have it', () => {
    const hex = (...how: Parameters<typeof framed>): string => Buffer.from(framed(...how)).toString('hex');
    expect(hex('050010', 'binary-crc')).toBe('05000500100f10');
    expect(hex('050010', 'binary')).toBe('0300050010');
    expect(hex('0005', 'binary-crc')).toBe('0400000515a7');
    expect(hex('0001', 'binary-crc')).toBe('0400000131e1');
  });

  it('says what is wrong with a command', async () => {
    const say = await start();
    expect(await say('0599', 3)).toBe('01\r');
    expect(await say('0500', 3)).toBe('02\r');
    expect(await say('05001099', 3)).toBe('03\r');
    expect(await say('05 0', 3)).toBe('05\r');
    expect(bench.device.refusals).toBe(4);
  });

  it('shows lights and beeps', async () => {
    const say = await start();
    await say('041102', 3);
    await say('0407646009 64006400'.replace(' ', ''), 3);
    expect(bench.device.lights.green).toBe(1);
    expect(bench.device.beeps).toBe(1);
  });
});
