import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DeviceBench } from './device-bench.test-support.js';
import { SimulatedDevice } from './simulated-device.js';

const benches: DeviceBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});
function bench(driver = 'rdm6300'): DeviceBench {
  const made = new DeviceBench(driver);
  benches.push(made);
  return made;
}

const UID = '0C000621A5';
const FRAME = '0230433030303632314135384503';
const toHex = (bytes: number[]) => Buffer.from(bytes).toString('hex').toUpperCase();

describe('a simulated device', () => {
  it('keeps its path over unplug and plug, and the host at the old line sees it hang up', async () => {
    const one = bench();
    const host = await one.start();
    expect(readlinkSync(one.link)).toBe(one.device.wire.devicePath);
    await one.device.unplug();
    await host.hungUp;
    expect(existsSync(one.link)).toBe(false);
    await host.close();
    one.device.plug();
    const again = await one.openHost();
    one.device.swipe(UID);
    one.clock.advance(20);
    expect(toHex(await again.read(14))).toBe(FRAME);
  });

  it('reads the card that still lies on it when it is plugged in again', async () => {
    const one = bench();
    const host = await one.start();
    one.device.hold(UID);
    await one.device.unplug();
    await host.close();
    one.device.plug();
    one.clock.advance(1_000);
    const again = await one.openHost();
    one.clock.advance(1_000);
    expect(toHex(await again.read(28))).toContain(FRAME.slice(0, 26));
  });

  it('does nothing without power: swipes while unplugged are lost, as in life', async () => {
    const one = bench();
    await one.start();
    await one.device.unplug();
    one.device.swipe(UID, 100);
    one.clock.advance(1_000);
    expect(one.sent()).toEqual([]);
    expect(one.clock.pendingTimers).toBe(0);
  });

  it('lets several people tap one after the other, never two cards in the field', async () => {
    const one = bench();
    await one.start();
    for (const uid of ['0000000001', '0000000002', '0000000003']) one.device.swipe(uid, 300);
    one.clock.advance(10_000);
    const states = one.events.flatMap((event) => (event.event === 'card' ? [event.state] : []));
    expect(states).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
    expect(new Set(one.sent()).size).toBe(3);
  });

  it('says when everybody who swiped has gone, whether they were read or sent home', async () => {
    const one = bench();
    await one.start();
    await one.device.field.swipesDone();
    const outs = (): number =>
      one.events.filter((event) => event.event === 'card' && event.state === 'out').length;
    for (const uid of ['0000000001', '0000000002']) one.device.swipe(uid, 300);
    const done = one.device.field.swipesDone().then(outs);
    one.clock.advance(10_000);
    expect(await done).toBe(2);
    one.device.swipe(UID, 300);
    const sentHome = one.device.field.swipesDone();
    one.device.field.remove();
    await sentHome;
  });

  it('refuses the sixty-fifth waiting card, and a field time that makes no sense', () => {
    const one = bench();
    for (let card = 0; card < 65; card++) one.device.swipe(UID);
    expect(() => one.device.swipe(UID)).toThrow(/64 people already wait/);
    expect(() => one.device.swipe(UID, 0)).toThrow(/whole number of milliseconds/);
    expect(() => one.device.swipe(UID, Number.NaN)).toThrow(/REQUEST_INVALID/);
  });

  it('sounds like garbage to a host at another baud rate, and like itself again at the right one', async () => {
    const one = bench();
    const host = await one.start();
    execFileSync('stty', ['-F', one.link, '19200', 'raw', '-echo']);
    one.device.swipe(UID, 10);
    one.clock.advance(100);
    const garbage = toHex(await host.read(14));
    expect(garbage).not.toContain(FRAME.slice(0, 12));
    execFileSync('stty', ['-F', one.link, '9600']);
    one.clock.advance(1_000);
    one.device.swipe(UID, 10);
    one.clock.advance(100);
    // The rest of the garbage may still be on its way; without a clean frame behind it this never ends.
    let heard = garbage;
    while (!heard.endsWith(FRAME)) heard += toHex(await host.read(1));
    expect(heard.indexOf(FRAME)).toBe(heard.length - FRAME.length);
  });

  it('leaves a file alone that is not its link', () => {
    const one = bench();
    mkdirSync(dirname(one.link), { recursive: true });
    writeFileSync(one.link, 'precious');
    expect(() => one.device.start()).toThrow(/DEVICE_LINK_TAKEN/);
    expect(one.device.wire.isPlugged).toBe(false);
  });

  it('says what to do about a folder in which no link can be made', () => {
    const one = bench();
    mkdirSync(dirname(dirname(one.link)), { recursive: true });
    writeFileSync(dirname(one.link), 'a file, not a folder');
    expect(() => one.device.start()).toThrow(/Choose a --link path.*DEVICE_LINK_REFUSED/);
    expect(one.device.wire.isPlugged).toBe(false);
  });

  it('does not remove a link that another simulator took over', async () => {
    const one = bench();
    await one.start();
    const other = new SimulatedDevice({
      id: 'other',
      driver: 'rdm6300',
      linkPath: one.link,
      clock: one.clock,
    });
    other.start();
    await one.device.unplug();
    expect(readlinkSync(one.link)).toBe(other.wire.devicePath);
    await other.stop();
    expect(existsSync(one.link)).toBe(false);
  });

  it('refuses unknown drivers and profiles by name', () => {
    const make = (driver: string, profile?: string) => () =>
      new SimulatedDevice({
        id: 'x',
        driver,
        linkPath: '/nowhere',
        clock: bench().clock,
        ...(profile === undefined ? {} : { profile }),
      });
    expect(make('abacus')).toThrow(/There are: .*line, .*rdm6300.*DRIVER_UNKNOWN/);
    expect(make('line', 'poem')).toThrow(/no profile "poem"/);
  });
});
