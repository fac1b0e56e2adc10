import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceBench } from '../devices/device-bench.test-support.js';
import { runCommand } from './device-commands.js';

let bench: DeviceBench;
beforeEach(async () => {
  bench = new DeviceBench('rdm6300');
  await bench.start();
});
afterEach(() => bench.stop());

describe('commands on standard input', () => {
  it('swipe shows the card for a second unless told otherwise', async () => {
    await runCommand(bench.device, 'swipe 0F00A1B2C3');
    bench.clock.advance(999);
    expect(bench.device.field.present).toBeDefined();
    bench.clock.advance(1);
    expect(bench.device.field.present).toBeUndefined();
    await runCommand(bench.device, '  swipe   0f00a1b2c3  50 ');
    bench.clock.advance(10_000);
    expect(bench.events.filter((event) => event.event === 'card')).toHaveLength(4);
  });

  it('hold, remove, unplug and plug do what they say', async () => {
    await runCommand(bench.device, 'hold 0F00A1B2C3');
    bench.clock.advance(60_000);
    expect(bench.device.field.present).toBeDefined();
    await runCommand(bench.device, 'remove');
    expect(bench.device.field.present).toBeUndefined();
    await runCommand(bench.device, 'unplug');
    expect(bench.device.wire.isPlugged).toBe(false);
    await runCommand(bench.device, 'plug');
    expect(bench.device.wire.isPlugged).toBe(true);
  });

  it('takes faults with their options in order', async () => {
    await runCommand(bench.device, 'noise 7');
    bench.clock.advance(100);
    expect(bench.device.wire.counters.bytesOut).toBe(7);
    await runCommand(bench.device, 'pause 3 100');
    await runCommand(bench.device, 'brownout 500');
    expect(bench.events.filter((event) => event.event === 'fault')).toEqual([
      { event: 'fault', fault: 'noise' },
      { event: 'fault', fault: 'pause' },
      { event: 'fault', fault: 'brownout' },
    ]);
  });

  it('ignores an empty line', async () => {
    await runCommand(bench.device, '   ');
    expect(bench.device.field.present).toBeUndefined();
  });

  it.each([
    ['swipe', /Write: swipe <uid> \[ms\]/],
    ['swipe 0F00A1B2C3 soon', /whole number of milliseconds/],
    ['swipe 0F00A1B2C3 5 6', /Write: swipe/],
    ['swipe xyz', /10 hex digits/],
    ['hold', /Write: hold <uid>/],
    ['noise', /bytes/],
    ['noise 1 2 3', /Write: noise <bytes> \[seed\]/],
    ['pause 3 100 1 1', /Write: pause <at_byte> <ms> \[frames\]/],
    ['unplug now', /Write: unplug \(/],
    ['x'.repeat(300_000), /^There is no command "x{40}"\./],
    ['constructor', /There is no command/],
    ['sing', /There are: swipe <uid>/],
  ])('answers %j with an error that helps', async (text, help) => {
    await expect(runCommand(bench.device, text)).rejects.toThrow(help);
  });
});
