import { afterEach, describe, expect, it } from 'vitest';
import { DeviceBench } from './device-bench.test-support.js';
import { encodeFrame } from './rdm6300.js';

const benches: DeviceBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});
function bench(profile?: string): DeviceBench {
  const made = new DeviceBench('rdm6300', profile);
  benches.push(made);
  return made;
}

const hex = (bytes: Iterable<number>) =>
  Buffer.from([...bytes])
    .toString('hex')
    .toUpperCase();

/** RDM6300 note §7. */
const WORKED = [
  ['0C000621A5', false, '0230433030303632314135384503'],
  ['0C000621A5', true, '023043303030363231413538450D0A03'],
  ['1F00644BB6', false, '0231463030363434424236383603'],
  ['01026F6C3A', false, '0230313032364636433341334103'],
  ['0102B0A5FD', false, '0230313032423041354644454203'],
  ['0000D507D0', false, '0230303030443530374430303203'],
  ['6E005E1A2B', true, '023645303035453141324230310D0A03'],
  ['1200BC614E', false, '0231323030424336313445383103'],
] as const;

describe('the RDM6300 encoder', () => {
  it.each(WORKED)('writes card %s (CR LF: %s) as in the datasheet', (uid, hasCrLf, frame) => {
    expect(hex(encodeFrame(Buffer.from(uid, 'hex'), { hasCrLf }))).toBe(frame);
  });
});

describe('a simulated RDM6300', () => {
  it('repeats its frame with pauses of 60 to 200 ms for as long as the card is there, over a real pty', async () => {
    const { device, clock, ...rest } = bench();
    const host = await benches[0]?.start();
    device.swipe('0C000621A5', 1_000);
    clock.advance(20);
    expect(hex((await host?.read(14)) ?? [])).toBe(WORKED[0][2]);
    clock.advance(10_000);
    const frames = rest.events.filter((event) => event.event === 'sent');
    expect(frames.length).toBeGreaterThanOrEqual(5);
    expect(frames.length).toBeLessThanOrEqual(14);
    expect(hex((await host?.read(14 * (frames.length - 1))) ?? [])).toBe(
      WORKED[0][2].repeat(frames.length - 1),
    );
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends one frame per presentation as an ID-12LA, however long the card stays', async () => {
    const one = bench('id12la');
    const host = await one.start();
    one.device.hold('6E005E1A2B');
    one.clock.advance(60_000);
    expect(one.sent()).toEqual([WORKED[6][2]]);
    expect(hex(await host.read(16))).toBe(WORKED[6][2]);
    one.device.field.remove();
    one.device.swipe('6E005E1A2B');
    one.clock.advance(1_000);
    expect(one.sent()).toHaveLength(2);
  });

  it('refuses a card of another length and says what it reads', () => {
    expect(() => bench().device.swipe('4A8D694F')).toThrow(/10 hex digits.*REQUEST_INVALID/);
    expect(() => bench().device.swipe('em4100:0C000621A5')).toThrow(/without prefix/);
  });

  it('sends ghosts that pass the checksum', () => {
    const one = bench();
    for (let round = 0; round < 20; round++) {
      const digits = Buffer.from(one.device.firmware.ghostFrame()).toString('latin1').slice(1, 13);
      expect(Buffer.from(digits, 'hex').reduce((sum, byte) => sum ^ byte, 0)).toBe(0);
    }
  });
});
