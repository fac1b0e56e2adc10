import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY, OsdpBench, OTHER_KEY } from './support/osdp-bench.js';

const CARD = '7B11D7';
const CANONICAL = 'wiegand26:123-04567';
const OTHER_CARD = '644BB6';

let bench: OsdpBench;
afterEach(() => bench.stop());

/** The type of the security block of a packet, or 0 in the clear. */
const blockOf = (hex: string): number =>
  Number.parseInt(hex.slice(8, 10), 16) & 8 ? Number.parseInt(hex.slice(12, 14), 16) : 0;

describe('a bus of several readers on one port', () => {
  beforeEach(() => {
    bench = new OsdpBench({ addresses: '1,2,3' });
  });

  it('is opened once, and each card comes from its reader', async () => {
    for (const address of [1, 2, 3]) bench.add(address);
    await bench.untilReady(1, 2, 3);
    expect(bench.openings).toBe(1);
    bench.bus.choose(2);
    bench.card(CARD);
    bench.bus.choose(3);
    bench.card(OTHER_CARD);
    await bench.pass(1_000);
    expect([bench.cards(1), bench.cards(2), bench.cards(3)]).toEqual([
      [],
      [CANONICAL],
      ['wiegand26:100-19382'],
    ]);
  });

  it('has one question on the line at a time', async () => {
    for (const address of [1, 2, 3]) bench.add(address);
    await bench.untilReady(1, 2, 3);
    bench.traffic.length = 0;
    await bench.pass(3_000);
    expect(bench.traffic.length).toBeGreaterThan(30);
    const speakers = bench.traffic.map(({ from }) => from);
    expect(speakers.every((from, index) => from === (index % 2 === 0 ? 'panel' : 'reader'))).toBe(true);
  });

  it('goes on for the others while one is away, and takes it back when it comes', async () => {
    for (const address of [1, 2, 9]) bench.add(address);
    await bench.untilReady(1, 2);
    await bench.until('the third is absent', () => bench.state(9).state === 'absent');
    expect(bench.state(9).problem?.code).toBe('DEVICE_TIMEOUT');
    bench.bus.choose(1);
    bench.card(CARD);
    await bench.pass(2_000);
    expect(bench.cards(1)).toEqual([CANONICAL]);
    bench.bus.choose(3).address = 9;
    await bench.untilReady(9);
    expect(bench.openings).toBe(1);
  });

  it('is lost for all when the port goes, and opened again', async () => {
    for (const address of [1, 2]) bench.add(address);
    await bench.untilReady(1, 2);
    bench.unplug();
    await bench.pass(100);
    await bench.until('both are asked again', () => bench.openings === 2);
    bench.bus.choose(2);
    await bench.pass(2_000);
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(2)).toEqual([CANONICAL]);
  });

  it('shows each light on the reader of the card', async () => {
    const supervisor = bench.add(1);
    await bench.untilReady(1);
    const shown = supervisor.lights()?.('kept');
    await bench.pass(300);
    await shown;
    expect(bench.lights).toEqual(['green']);
  });

  it('tells tampering and failing power until they are over', async () => {
    bench.add(1);
    await bench.untilReady(1);
    bench.bus.choose(1).setStatus({ tamper: true });
    await bench.pass(500);
    expect(bench.state(1)).toMatchObject({ state: 'degraded', problem: { code: 'DEVICE_TAMPERED' } });
    bench.bus.choose(1).setStatus({ tamper: false });
    await bench.pass(500);
    expect(bench.state(1).state).toBe('ready');
  });

  it('hands over the keys of a keypad, and keeps none of them in the capture', async () => {
    const supervisor = bench.add(1);
    await bench.untilReady(1);
    bench.bus.choose(1);
    bench.bus.press('4711#');
    await bench.pass(500);
    expect(bench.events.filter(({ type }) => type === 'keys')).toEqual([
      { type: 'keys', digits: '4711#', device: 1 },
    ]);
    const captured = Buffer.concat(supervisor.capture.pieces().map(({ bytes }) => bytes));
    expect(captured.includes('4711')).toBe(false);
    expect(captured.length).toBeGreaterThan(100);
  });
});

describe('numbers and repetitions', () => {
  beforeEach(async () => {
    bench = new OsdpBench({ addresses: '5', scbk: KEY });
    bench.add(5, { scbk_file: bench.keyFile(KEY) });
    await bench.untilReady(5);
    bench.bus.choose(5);
    bench.traffic.length = 0;
  });

  it('repeats with the same number and bytes, and the reader does not read the card twice', async () => {
    bench.card(CARD);
    let swallowed = 0;
    bench.onTheWay = (bytes) => (swallowed++ < 2 ? undefined : bytes);
    await bench.pass(2_000);
    const [first, second, third] = bench.sent();
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(bench.cards(5)).toEqual([CANONICAL]);
    expect(bench.rejections()).toEqual([]);
  });

  it('waits for a busy reader with the same packet', async () => {
    bench.card(CARD);
    bench.bus.choose(5).faults.busy = 3;
    await bench.pass(2_000);
    expect(new Set(bench.sent().slice(0, 4)).size).toBe(1);
    expect(bench.cards(5)).toEqual([CANONICAL]);
  });

  it('starts anew after so many silences that the reader has lost count', async () => {
    bench.bus.choose(5).faults.drop = 5;
    await bench.pass(4_000);
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual([CANONICAL]);
    expect(bench.state(5).state).toBe('ready');
  });

  it('says after eight seconds that a reader is gone, and not before', async () => {
    bench.onTheWay = () => undefined;
    await bench.pass(7_000);
    expect(bench.state(5).state).toBe('ready');
    await bench.until('it is said', () => bench.state(5).state !== 'ready');
    expect(bench.state(5).problem?.code).toBe('DEVICE_TIMEOUT');
    bench.onTheWay = (bytes) => bytes;
    await bench.untilReady(5);
  });
});

describe('a reader that was secured', () => {
  async function secured(options: Record<string, unknown> = {}, settings: Record<string, string> = {}) {
    bench = new OsdpBench({ addresses: '5', scbk: KEY, ...settings });
    bench.bus.choose(5);
    bench.add(5, { scbk_file: bench.keyFile(KEY), ...options });
    await bench.untilReady(5);
  }

  it('is polled in the secure channel, and its cards travel sealed', async () => {
    await secured();
    bench.traffic.length = 0;
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual([CANONICAL]);
    expect(bench.traffic.every(({ hex }) => blockOf(hex) >= 0x15)).toBe(true);
    expect(bench.traffic.some(({ hex }) => hex.includes('bd88eb80'))).toBe(false);
  });

  it('works with a reader that says nothing in the clear', async () => {
    await secured({}, { secure: 'required' });
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual([CANONICAL]);
  });

  it('loses its power: the channel is opened anew, and what it reports before is not believed', async () => {
    await secured();
    const reader = bench.bus.choose(5);
    reader.reboot();
    bench.card(CARD);
    await bench.pass(3_000);
    expect(bench.cards(5)).toEqual([]);
    expect(bench.rejections()).toContain('unsecured');
    bench.card(OTHER_CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual(['wiegand26:100-19382']);
  });

  it.each([
    'badMac',
    'replay',
    'clear',
  ] as const)('never has a card believed that was spoiled: %s', async (fault) => {
    await secured();
    if (fault === 'replay') {
      bench.card(OTHER_CARD);
      await bench.pass(1_000);
      bench.events.length = 0;
    }
    bench.bus.choose(5).faults[fault] = 1;
    bench.card(CARD);
    await bench.pass(3_000);
    expect(bench.cards(5)).toEqual([]);
    expect(bench.rejections()).toContain('unsecured');
    bench.card(OTHER_CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual(['wiegand26:100-19382']);
  });

  it('never has a card believed that was changed on its way, whichever byte', async () => {
    await secured();
    for (let at = 7; at < 20; at++) {
      bench.card(CARD);
      let isChanged = false;
      bench.onTheWay = (bytes) => {
        // A sealed card with its CRC made right again: what somebody on the cable would do.
        if (isChanged || bytes[6] !== 0x18) return bytes;
        isChanged = true;
        const body = Uint8Array.from(bytes.subarray(0, -2));
        body[at] = (body[at] ?? 0) ^ 0x40;
        return withCrc(body);
      };
      await bench.pass(2_500);
      expect(isChanged, `byte ${at}`).toBe(true);
      expect(bench.cards(5), `byte ${at}`).toEqual([]);
    }
  });

  it('is refused with another key, and with the default key, and says what to do', async () => {
    for (const settings of [{ scbk: OTHER_KEY }, {}] as Record<string, string>[]) {
      bench = new OsdpBench({ addresses: '5', ...settings });
      bench.bus.choose(5);
      bench.add(5, { scbk_file: bench.keyFile(KEY) });
      bench.card(CARD);
      await bench.until('it is blocked', () => bench.state(5).state === 'blocked');
      expect(bench.state(5).problem).toMatchObject({ code: 'DEVICE_REFUSED' });
      await bench.pass(20_000);
      expect(bench.cards(5)).toEqual([]);
      expect(bench.sent().some((hex) => hex.slice(16, 18) === '75')).toBe(false);
      await bench.stop();
    }
  });

  it('is replaced by one without the key while it runs: no card of that is ever believed', async () => {
    await secured();
    bench.bus.setKey(undefined);
    bench.card(CARD);
    await bench.until('it is blocked', () => bench.state(5).state === 'blocked');
    bench.card(CARD);
    await bench.pass(30_000);
    expect(bench.cards(5)).toEqual([]);
  });

  it('gets its key in install mode only, under the default key, and from then on only its own opens it', async () => {
    bench = new OsdpBench({ addresses: '5' });
    bench.bus.choose(5);
    const supervisor = bench.add(5, { scbk_file: bench.keyFile(KEY), install: true });
    await bench.untilReady(5);
    expect(Buffer.from(bench.bus.choose(5).key ?? []).toString('hex')).toBe(KEY);
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual([CANONICAL]);
    const captured = Buffer.concat(supervisor.capture.pieces().map(({ bytes }) => bytes)).toString('hex');
    const keyset = bench.sent().find((hex) => blockOf(hex) === 0x17) ?? '';
    expect(keyset).not.toBe('');
    expect(captured).not.toContain(keyset);
    await supervisor.stop();
    bench.add(5, { scbk_file: bench.keyFile(KEY) });
    await bench.untilReady(5);
  });

  it('gets a new key over the one before it', async () => {
    bench = new OsdpBench({ addresses: '5', scbk: OTHER_KEY });
    bench.bus.choose(5);
    bench.add(5, { scbk_file: bench.keyFile(KEY), previous_scbk_file: bench.keyFile(OTHER_KEY) });
    await bench.untilReady(5);
    expect(Buffer.from(bench.bus.choose(5).key ?? []).toString('hex')).toBe(KEY);
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(5)).toEqual([CANONICAL]);
  });

  it('is moved to its address in install mode', async () => {
    bench = new OsdpBench({ addresses: '0' });
    bench.add(5, { scbk_file: bench.keyFile(KEY), install: true, install_address: 0 });
    await bench.untilReady(5);
    expect(bench.bus.readers[0]?.address).toBe(5);
  });

  it.each([
    ['its default key', { addresses: '5' }, 'default key'],
    ['the key before', { addresses: '5', scbk: OTHER_KEY }, 'the one before'],
    ['its old address', { addresses: '0' }, 'still at install_address'],
  ])('is left by the doctor as it is, with %s', async (what, settings, problem) => {
    bench = new OsdpBench(settings);
    const [reader] = bench.bus.readers;
    const before = { key: reader?.key, address: reader?.address };
    const options = {
      scbk_file: bench.keyFile(KEY),
      install: true,
      ...(what === 'the key before' ? { previous_scbk_file: bench.keyFile(OTHER_KEY) } : {}),
      ...(what === 'its old address' ? { install_address: 0 } : {}),
    };
    const outcome = await bench.look(5, options);
    expect(outcome).toMatchObject({ type: 'answered', problems: [expect.stringContaining(problem)] });
    expect({ key: reader?.key, address: reader?.address }).toEqual(before);
    // The gateway does what the doctor left.
    bench.add(5, options);
    await bench.untilReady(5);
    expect(Buffer.from(reader?.key ?? []).toString('hex')).toBe(KEY);
    expect(await bench.look(5, options)).toEqual({ type: 'answered', problems: [] });
  });

  it('needs a key file that holds a key', async () => {
    bench = new OsdpBench({ addresses: '5', scbk: KEY });
    bench.add(5, { scbk_file: bench.keyFile('abc') });
    await bench.until('it is blocked', () => bench.state(5).state === 'blocked');
    expect(bench.state(5).problem?.code).toBe('KEY_INVALID');
    expect(bench.state(5).problem?.message).not.toContain('abc ');
  });
});

function withCrc(body: Uint8Array): Uint8Array {
  let crc = 0x1d0f;
  for (const byte of body) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return Uint8Array.of(...body, crc & 0xff, crc >> 8);
}
