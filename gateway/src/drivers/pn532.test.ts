import { parseVectorFile, type Vector } from '@rollcall/protocol/vectors';
import pn532 from '@rollcall/protocol/vectors/pn532.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { DriverBench } from './driver.fixture.js';
import type { DriverDefinition } from './driver.js';
import { driver } from './pn532.js';

const { vectors } = parseVectorFile(pn532);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const asDriver = driver as unknown as DriverDefinition<unknown>;

function vector(name: string): Vector {
  const found = vectors.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no vector "${name}"`);
  return found;
}

/** The chip says what the vector has it say, whatever it was asked. */
async function play(bench: DriverBench, { dialog = [] }: Vector): Promise<void> {
  bench.probe();
  for (const step of dialog) {
    await bench.pass(5);
    if ('device' in step) bench.feed(bytes(step.device));
    else if ('wait_ms' in step) await bench.pass(step.wait_ms);
    else await bench.pass(60);
  }
  await bench.pass(5);
}

describe('a PN532', () => {
  it('says who it is', async () => {
    const bench = new DriverBench(asDriver);
    await play(bench, vector('MIFARE Classic 4A8D694F'));
    expect(bench.events).toContainEqual({ type: 'identity', text: 'PN532 v1.6' });
    bench.disconnect();
  });

  it('is taken away once it was missed three times, and only then', async () => {
    const bench = new DriverBench(asDriver);
    await play(bench, vector('two misses are no removal, three are'));
    const types = bench.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'card' || type === 'card_removed')).toEqual([
      'card',
      'card_removed',
      'card',
    ]);
    bench.disconnect();
  });

  it('has every command with a key in it taken out of the capture', async () => {
    for (const name of ['MIFARE Classic sector', 'NTAG with password']) {
      const { options, secret, ...rest } = vector(name);
      const bench = new DriverBench(asDriver, options, new Uint8Array(), { secret });
      await play(bench, { ...rest, name });
      const key = bytes((secret ?? '').slice(0, 8));
      const withKey = bench.written.filter((written) =>
        Buffer.from(written, 'latin1').includes(Buffer.from(key)),
      );
      expect(withKey.length).toBeGreaterThan(0);
      expect(bench.concealed).toEqual(withKey);
      bench.disconnect();
    }
  });

  it('fails to start where no chip answers, with what to look at', async () => {
    const bench = new DriverBench(asDriver);
    const started = bench.session.probe?.();
    const outcome = expect(started).rejects.toMatchObject({
      code: 'DEVICE_TIMEOUT',
      message: expect.stringContaining('HSU'),
    });
    for (let waited = 0; waited < 5_000; waited += 10) await bench.pass(10);
    await outcome;
    // At every speed.
    expect(bench.counts['timeouts']).toBe(8);
    bench.disconnect();
  });

  it('finds the chip at the speed that another host left it at, and after a loss of power at its own', async () => {
    const bench = new DriverBench(asDriver);
    const started = bench.session.probe?.();
    const OPENING: readonly (readonly [string, string])[] = [
      ['14', '15'],
      ['02', '03 32 01 06 07'],
      ['12', '13'],
      ['32', '33'],
    ];
    const answerOpening = async (): Promise<void> => {
      for (const [command, answer] of OPENING) {
        await bench.pass(5);
        expect(
          Buffer.from(bench.written.at(-1) ?? '', 'latin1')
            .subarray(5, 7)
            .toString('hex'),
        ).toBe(`d4${command}`);
        const data = [0xd5, ...bytes(answer)];
        const sum = -data.reduce((total, byte) => total + byte, 0) & 0xff;
        const head = [0, 0, 0xff, 0, 0xff, 0, 0, 0, 0xff, data.length, -data.length & 0xff];
        bench.feed(Uint8Array.of(...head, ...data, sum, 0));
      }
      await bench.pass(0);
    };
    const untilBaud = async (baud: number): Promise<void> => {
      for (let waited = 0; bench.bauds.at(-1) !== baud && waited < 5_000; waited += 5) await bench.pass(5);
      await bench.pass(0);
    };
    await untilBaud(57_600);
    await answerOpening();
    await started;
    expect(bench.bauds).toEqual([9_600, 57_600]);
    // It falls silent, comes back, and is looked for here and where it begins.
    await untilBaud(115_200);
    await answerOpening();
    expect(bench.bauds).toEqual([9_600, 57_600, 115_200]);
    expect(bench.events.filter(({ type }) => type === 'identity')).toHaveLength(2);
    bench.disconnect();
  });

  it.each([
    ['another chip', [0x33, 0x02, 0x07, 0x07], {}, /no PN532/],
    ['a chip without type B', [0x32, 0x01, 0x06, 0x05], { technologies: ['b'] }, /kind b/],
  ])('refuses %s', async (_name, firmware, options, message) => {
    const bench = new DriverBench(asDriver, options);
    const started = bench.session.probe?.();
    const outcome = expect(started).rejects.toMatchObject({
      code: 'DEVICE_REFUSED',
      message: expect.stringMatching(message),
    });
    await bench.pass(0);
    await bench.pass(5);
    bench.feed(bytes('0000FF00FF00 0000FF02FED5151600'));
    await bench.pass(0);
    const data = [0xd5, 0x03, ...firmware];
    const sum = -data.reduce((total, byte) => total + byte, 0) & 0xff;
    bench.feed(Uint8Array.of(0, 0, 0xff, 0, 0xff, 0, 0, 0, 0xff, 6, 0xfa, ...data, sum, 0));
    await outcome;
    bench.disconnect();
  });

  it('refuses a key of the wrong length before anything is sent', async () => {
    const options = { credential: 'desfire', key_file: '/keys/card' };
    const bench = new DriverBench(asDriver, options, new Uint8Array(), { secret: 'FFFFFFFFFFFF' });
    await expect(bench.session.probe?.()).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.not.stringContaining('FFFF'),
    });
    expect(bench.written).toEqual([]);
    bench.disconnect();
  });
});

describe('its options', () => {
  it.each([
    [{ credential: 'desfire' }, 'key_file'],
    [{ credential: 'classic', key_file: '/k', block: 7 }, 'block'],
    [{ key_file: 'relative' }, 'key_file'],
    [{ aid: 'A1B2' }, 'aid'],
    [{ technologies: [] }, 'technologies'],
  ])('refuse %o', (options, path) => {
    const result = driver.options.safeParse(options);
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual([path]);
  });
});
