import { afterEach, describe, expect, it } from 'vitest';
import { runCommand } from '../cli/device-commands.js';
import { DeviceBench } from './device-bench.test-support.js';
import { withChecksum } from './line-checksum.js';
import { SKETCH_PROFILES } from './line-profiles.js';

const benches: DeviceBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});
function bench(profile?: string): DeviceBench {
  const made = new DeviceBench('line', profile);
  benches.push(made);
  return made;
}

/** What each sketch prints first for the card 4A8D694F (line note §2 and §3). */
const FIRST_ROWS: Record<string, string> = {
  bare: '4A8D694F\r\n',
  lower: '4a8d694f\n',
  dumpinfo: 'Card UID: 4A 8D 69 4F\r\n',
  spaced: ' 4A 8D 69 4F\r\n',
  colon: '4A:8D:69:4F\r\n',
  dash: '4A-8D-69-4F\r\n',
  comma: '4A,8D,69,4F\r\n',
  reversed: '4F698D4A\r\n',
  'hex-list': '0x4A, 0x8D, 0x69, 0x4F\r\n',
  'byte-list': '74,141,105,79\r\n',
  decimal: '1250781519\r\n',
  'decimal-le': '1332317514\r\n',
  json: '{"uid":"4A8D694F"}\r\n',
  labeled: 'UID: 4a8d694f\r\n',
  repeating: '4A8D694F\r\n',
  'decimal-bcc': '320200069089\r\n',
  'decimal-bcc-first': '967618423119\r\n',
  'dropped-zeros': '4a8d694f\r\n',
};

describe('the checksum of our line format', () => {
  it.each([
    'CARD,4A8D694F,A,000017*0B',
    'HELLO,rc522-bridge,1.0,ab12*57',
    'HB,000018*2F',
  ])('gives %s', (line) => {
    expect(withChecksum(line.slice(0, -3))).toBe(line);
  });
});

describe('a do-it-yourself sketch', () => {
  it('has a worked row for every profile', () => {
    expect(Object.keys(FIRST_ROWS).sort()).toEqual(SKETCH_PROFILES.map((profile) => profile.id).sort());
  });

  it.each(Object.entries(FIRST_ROWS))('%s prints %j', async (profile, row) => {
    const one = bench(profile);
    const host = await one.start();
    one.device.swipe('4A8D694F', 100);
    one.clock.advance(2_000);
    const sketch = SKETCH_PROFILES.find((candidate) => candidate.id === profile);
    // Opening the port reset the board, so the banner comes first.
    for (const text of sketch?.banner ?? []) expect(await host.readUntil('\n')).toBe(text + sketch?.lineEnd);
    expect(await host.readUntil('\n')).toBe(row);
  });

  it('loses leading zeros only where the sketch is wrong', async () => {
    const one = bench('dropped-zeros');
    const host = await one.start();
    one.device.swipe('0A05FF01');
    one.clock.advance(100);
    expect(await host.readUntil('\n')).toBe('\r\n');
    expect(await host.readUntil('\n')).toBe('a5ff1\r\n');
  });

  it('prints the card about five times a second when it never halts it', async () => {
    const one = bench('repeating');
    await one.start();
    const before = one.sent().length;
    one.clock.advance(100);
    one.device.swipe('4A8D694F', 1_000);
    one.clock.advance(5_000);
    expect(one.sent().length - before).toBe(6);
  });
});

describe('our own firmware', () => {
  it('says hello, counts its reads, and tells when the card has gone', async () => {
    const one = bench();
    const host = await one.start();
    one.clock.advance(10);
    expect(await host.readUntil('\n')).toBe(`${withChecksum('HELLO,rollcall-sim,1.0,sim1')}\n`);
    one.device.swipe('04A1B2C3D4E580', 500);
    one.device.swipe('4A8D694F', 500);
    one.clock.advance(2_000);
    for (const fields of [
      'CARD,04A1B2C3D4E580,A,000001',
      'GONE,04A1B2C3D4E580,000001',
      'CARD,4A8D694F,A,000002',
      'GONE,4A8D694F,000002',
    ]) {
      expect(await host.readUntil('\n')).toBe(`${withChecksum(fields)}\n`);
    }
  });

  it('tells of a finger that does not live, counted since booting', async () => {
    const one = bench();
    const host = await one.start();
    one.clock.advance(10);
    await host.readUntil('\n');
    await runCommand(one.device, 'fake-finger');
    await runCommand(one.device, 'fake-finger');
    one.clock.advance(100);
    expect(await host.readUntil('\n')).toBe(`${withChecksum('FINGER,FAKE,000001')}\n`);
    expect(await host.readUntil('\n')).toBe(`${withChecksum('FINGER,FAKE,000002')}\n`);
    await expect(async () => runCommand(one.device, 'fake-finger asha')).rejects.toThrow(
      /Write: fake-finger/,
    );
  });

  it('beats every ten seconds with its uptime', async () => {
    const one = bench();
    const host = await one.start();
    one.clock.advance(20_050);
    await host.readUntil('\n');
    expect(await host.readUntil('\n')).toBe(`${withChecksum('HB,000010')}\n`);
    expect(await host.readUntil('\n')).toBe(`${withChecksum('HB,000020')}\n`);
  });

  it('counts lights and beeps from the bytes of the host, in pieces of any size', async () => {
    const one = bench();
    const host = await one.start();
    const commands = ['LED,1,300', 'BUZ,2,80', 'LED,2,200', 'LED,3,700', 'LED,0,0', 'LED,1,50']
      .map(withChecksum)
      .join('\n');
    for (const character of `${commands}\n`) host.write(character);
    const lights = () => one.events.filter((event) => event.event === 'light');
    while (lights().length < 5) await one.next('light');
    expect(lights()).toEqual([
      { event: 'light', color: 'green', ms: 300 },
      { event: 'light', color: 'amber', ms: 200 },
      { event: 'light', color: 'red', ms: 700 },
      { event: 'light', color: 'off', ms: 0 },
      { event: 'light', color: 'green', ms: 50 },
    ]);
    expect(one.device.lights).toEqual({ off: 1, green: 2, amber: 1, red: 1 });
    expect(one.device.beeps).toBe(2);
  });

  it.each([
    ['LED,1,300*00', 'missing or wrong checksum'],
    ['LED,1,300', 'missing or wrong checksum'],
    [withChecksum('LED,4,300'), 'LED has no 4'],
    [withChecksum('LED,1'), 'LED takes two whole numbers'],
    [withChecksum('LED,-1,5'), 'LED takes two whole numbers'],
    [withChecksum('FLY,1,2'), 'unknown command'],
    ['x'.repeat(400), 'command too long'],
  ])('refuses %j and shows no light', async (command, reason) => {
    const one = bench();
    const host = await one.start();
    const refused = one.next('refused');
    host.write(`${command}\n`);
    expect(await refused).toEqual({ event: 'refused', reason });
    expect(one.device.lights).toEqual({ off: 0, green: 0, amber: 0, red: 0 });
    expect(one.device.refusals).toBe(1);
    one.clock.advance(100);
    await host.readUntil('\n');
    expect(await host.readUntil('\n')).toMatch(/^ERR,/);
  });

  it('answers ?HELLO and ?STAT', async () => {
    const one = bench();
    const host = await one.start();
    one.clock.advance(10);
    await host.readUntil('\n');
    const count = one.sent().length;
    const questions = `${withChecksum('?HELLO')}\n${withChecksum('?STAT')}\n`;
    host.write(questions);
    while (one.device.wire.counters.bytesIn < questions.length)
      await new Promise((resolve) => setImmediate(resolve));
    one.clock.advance(100);
    expect(one.sent()).toHaveLength(count + 2);
    expect(await host.readUntil('\n')).toMatch(/^HELLO,/);
    expect(await host.readUntil('\n')).toMatch(/^HB,000000\*/);
  });
});
