import { lstatSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { DeviceBench } from '../devices/device-bench.test-support.js';
import { FAULTS, inflictFault } from './registry.js';

const benches: DeviceBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});
async function started(driver = 'rdm6300') {
  const bench = new DeviceBench(driver);
  benches.push(bench);
  const host = await bench.start();
  return { bench, host, device: bench.device, clock: bench.clock };
}

const UID = '0C000621A5';
const FRAME = '0230433030303632314135384503';
const toHex = (bytes: number[]) => Buffer.from(bytes).toString('hex').toUpperCase();

describe('faults', () => {
  it.each(
    Array.from({ length: 15 }, (_, atByte) => atByte),
  )('cut at byte %i sends so much and unplugs', async (atByte) => {
    const { bench, host, device, clock } = await started();
    await inflictFault(device, 'cut', { at_byte: atByte });
    const unplugged = bench.next('unplugged');
    device.hold(UID);
    clock.advance(15);
    expect(toHex(await host.read(atByte))).toBe(FRAME.slice(0, atByte * 2));
    clock.advance(1_000);
    await unplugged;
    await host.hungUp;
    expect(device.wire.counters.bytesOut).toBe(atByte);
    expect(lstatSync(bench.link, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('noise is random and the same for the same seed', async () => {
    const { device, clock, host } = await started();
    await inflictFault(device, 'noise', { bytes: 100, seed: 5 });
    await inflictFault(device, 'noise', { bytes: 100, seed: 5 });
    clock.advance(1_000);
    const heard = await host.read(200);
    expect(heard.slice(0, 100)).toEqual(heard.slice(100));
    expect(new Set(heard).size).toBeGreaterThan(50);
  });

  it('delay holds the next frame back', async () => {
    const { bench, device, clock } = await started();
    await inflictFault(device, 'delay', { ms: 500 });
    device.hold(UID);
    clock.advance(500);
    expect(bench.sent()).toHaveLength(0);
    clock.advance(20);
    expect(bench.sent()).toHaveLength(1);
  });

  it('freeze stops sending and reading until the time is over', async () => {
    const { bench, device, clock, host } = await started('line');
    await inflictFault(device, 'freeze', { ms: 2_000 });
    host.write('LED,1,300*72\n');
    device.swipe('4A8D694F', 100);
    clock.advance(1_999);
    expect(bench.sent().length).toBeLessThanOrEqual(1);
    expect(device.wire.counters.bytesIn).toBe(0);
    const read = bench.next('refused');
    clock.advance(1);
    await read;
    expect(device.wire.isFrozen).toBe(false);
  });

  it('freeze without a time lasts until thaw', async () => {
    const { bench, device, clock } = await started();
    await inflictFault(device, 'freeze', {});
    device.hold(UID);
    clock.advance(60_000);
    expect(bench.sent()).toHaveLength(0);
    await inflictFault(device, 'thaw', {});
    clock.advance(300);
    expect(bench.sent().length).toBeGreaterThan(0);
  });

  it('duplicate sends the next frame twice, the one after it once', async () => {
    const { device, clock, host } = await started('line');
    clock.advance(20);
    await host.readUntil('\n');
    await inflictFault(device, 'duplicate', {});
    device.swipe('4A8D694F', 100);
    clock.advance(1_000);
    const card = await host.readUntil('\n');
    expect(await host.readUntil('\n')).toBe(card);
    expect(await host.readUntil('\n')).toMatch(/^GONE,/);
  });

  it('lose swallows the next frame, and swap lets the second overtake the first', async () => {
    const { device, clock, host } = await started('line');
    clock.advance(20);
    await host.readUntil('\n');
    await inflictFault(device, 'lose', {});
    device.swipe('4A8D694F', 100);
    clock.advance(1_000);
    expect(await host.readUntil('\n')).toMatch(/^GONE,/);
    await inflictFault(device, 'swap', {});
    device.swipe('4A8D694F', 100);
    clock.advance(1_000);
    expect(await host.readUntil('\n')).toMatch(/^GONE,/);
    expect(await host.readUntil('\n')).toMatch(/^CARD,/);
  });

  it('brownout takes the device away and brings it back under the same path', async () => {
    const { bench, device, clock, host } = await started();
    const before = device.wire.devicePath;
    await inflictFault(device, 'brownout', { ms: 800 });
    await host.hungUp;
    clock.advance(799);
    expect(device.wire.isPlugged).toBe(false);
    clock.advance(1);
    expect(device.wire.isPlugged).toBe(true);
    expect(lstatSync(bench.link).isSymbolicLink()).toBe(true);
    await host.close();
    const again = await bench.openHost();
    device.swipe(UID);
    clock.advance(20);
    expect(toHex(await again.read(14))).toBe(FRAME);
    expect(before).toBeDefined();
  });

  it('a stopped device does not come back from a brownout', async () => {
    const { device, clock } = await started();
    await inflictFault(device, 'brownout', { ms: 800 });
    await device.stop();
    clock.advance(5_000);
    expect(device.wire.isPlugged).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('flip changes one bit of as many frames as asked', async () => {
    const { device, clock, host } = await started();
    await inflictFault(device, 'flip', { bit: 9, frames: 2 });
    device.hold(UID);
    clock.advance(1_000);
    const flipped = FRAME.replace('0230', '0232');
    expect(toHex(await host.read(42))).toBe(flipped + flipped + FRAME);
  });

  it('pause interrupts the frame', async () => {
    const { device, clock, host } = await started();
    await inflictFault(device, 'pause', { at_byte: 5, ms: 300 });
    device.swipe(UID, 100);
    clock.advance(200);
    expect(device.wire.counters.bytesOut).toBe(5);
    clock.advance(200);
    expect(toHex(await host.read(14))).toBe(FRAME);
  });

  it.each(['rdm6300', 'line'])('ghost makes a %s send a frame without a card', async (driver) => {
    const { bench, device, clock } = await started(driver);
    const before = bench.sent().length;
    await inflictFault(device, 'ghost', {});
    clock.advance(100);
    expect(bench.sent().length).toBeGreaterThan(before);
    expect(bench.events.some((event) => event.event === 'card')).toBe(false);
  });

  it('every fault says what it does and names its options', () => {
    for (const fault of FAULTS) expect(fault.title).not.toBe('');
    expect(new Set(FAULTS.map((fault) => fault.id)).size).toBe(FAULTS.length);
  });

  it.each([
    ['cut', {}, /at_byte/],
    ['cut', { at_byte: -1 }, /at_byte/],
    ['cut', { at_byte: 1, more: 2 }, /more/],
    ['noise', { bytes: 1e9 }, /bytes/],
    ['noise', { bytes: 'many' }, /bytes/],
    ['earthquake', {}, /There are: bad-line, brownout/],
  ])('refuses %s %j and says why', async (fault, options, why) => {
    const { device } = await started();
    await expect(inflictFault(device, fault, options)).rejects.toThrow(why);
  });
});
