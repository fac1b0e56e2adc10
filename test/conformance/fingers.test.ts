import { extract } from '@rollcall/gateway/biometrics/extract/extract';
import { greyImage } from '@rollcall/gateway/biometrics/image/grey-image';
import { compare, prepare } from '@rollcall/gateway/biometrics/match/compare';
import type { ProbeImage } from '@rollcall/gateway/identify/matcher';
import { describe, expect, it } from 'vitest';
import { FingerBench } from './support/finger-bench.js';

/** Scanners against modules that were written from the data sheets alone. */
describe.each([
  ['ef01', 'r503'],
  ['ef01', 'r307'],
  ['ef01', 'as608'],
  ['ef01', 'zfm20'],
  ['ef01', 'fpm10a'],
  ['gt521f', 'gt511c3'],
])('%s on a simulated %s', (driver, profile) => {
  const options = driver === 'gt521f' ? { model: profile } : {};
  const bench = (over = {}) => new FingerBench(driver, { profile, options, ...over }).ready();

  it('enrolls a finger and recognizes it, once a presentation; a strange one is nobody', async () => {
    const on = await bench();
    await on.enroll(3, 'asha-right-thumb');
    expect(await on.settle(on.sensor.occupiedSlots())).toEqual([3]);
    await on.touch('asha-right-thumb', 3_000);
    await on.touch('asha-right-thumb');
    await on.touch('ravi-left-index');
    expect(on.presentations).toEqual([3, 3, 'finger_unknown']);
  });

  it('moves a template to another module of its kind, byte by byte', async () => {
    const from = await bench();
    await from.enroll(0, 'asha-right-thumb');
    const template = await from.settle(from.sensor.exportTemplate(0));
    const to = await bench({ seed: 2 });
    expect(to.sensor.templateFormat).toBe(from.sensor.templateFormat);
    await to.settle(to.sensor.importTemplate(7, template));
    expect(Buffer.from(await to.settle(to.sensor.exportTemplate(7))).equals(Buffer.from(template))).toBe(
      true,
    );
    await to.touch('asha-right-thumb');
    expect(to.presentations).toEqual([7]);
  });
});

describe.each([
  ['ef01', 'r503'],
  ['ef01', 'zfm20'],
  ['gt521f', 'gt511c1r'],
])('the operations of %s on a simulated %s', (driver, profile) => {
  const options = driver === 'gt521f' ? { model: profile } : {};
  const bench = (over = {}) => new FingerBench(driver, { profile, options, ...over }).ready();

  it('deletes one, deletes all, and says where nothing is', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    await on.enroll(2, 'ravi-left-index');
    await on.settle(on.sensor.deleteTemplate(1));
    expect(await on.settle(on.sensor.occupiedSlots())).toEqual([2]);
    await expect(on.settle(on.sensor.exportTemplate(1))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await on.settle(on.sensor.deleteAll());
    expect(await on.settle(on.sensor.occupiedSlots())).toEqual([]);
    await on.touch('ravi-left-index');
    expect(on.presentations).toEqual(['finger_unknown']);
  });

  it('takes a picture, a little another one of the next touch, and one of another finger', async () => {
    const on = await bench();
    const picture = async (finger: string) => {
      on.firmware.fingerIn?.(finger);
      const image = await on.settle(on.sensor.captureImage());
      on.firmware.fingerOut?.();
      return image;
    };
    const one = await picture('asha-right-thumb');
    expect(one.pixels).toHaveLength(one.width * one.height);
    expect(Math.max(...one.pixels)).toBeGreaterThan(200);
    const again = await picture('asha-right-thumb');
    expect(again).not.toEqual(one);
    const other = await picture('ravi-left-index');
    // Pictures for people who look at them become pictures for the engine.
    const [a, b, c] = [one, again, other].map((image) => prepare(extract(greyImage(image)).template));
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    expect(compare(a, b)).toBeGreaterThan(compare(a, c) + 10);
  });

  it('refuses a finger that has another slot already', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    await expect(on.enroll(2, 'asha-right-thumb')).rejects.toMatchObject({ code: 'FINGER_DUPLICATE' });
    expect(await on.settle(on.sensor.occupiedSlots())).toEqual([1]);
  });

  it('takes no presentation while it is reserved, nor the finger that lies there afterwards', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    const giveBack = on.sensor.reserve();
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([]);
    on.firmware.fingerIn?.('asha-right-thumb');
    await on.pass(1_000);
    giveBack();
    giveBack();
    await on.pass(2_000);
    expect(on.presentations).toEqual([]);
    on.firmware.fingerOut?.();
    await on.settle(on.sensor.untilLifted());
    await on.pass(2_000);
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([1]);
  });

  it('ends an enrollment at once when it is cancelled, and goes on recognizing', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    const cancel = new AbortController();
    const enrolling = on.sensor.enroll(2, { signal: cancel.signal });
    await on.pass(1_000);
    cancel.abort(new Error('nobody came'));
    await expect(enrolling).rejects.toThrow('nobody came');
    await on.pass(1_000);
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([1]);
  });

  it('gives an enrollment up when nobody comes', async () => {
    const on = await bench();
    await expect(on.settle(on.sensor.enroll(2))).rejects.toMatchObject({ code: 'FINGER_ABSENT' });
  });

  it('compares with the expected slots only, once it was told which', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    await on.enroll(2, 'ravi-left-index');
    on.sensor.expectOnly([2]);
    await on.touch('asha-right-thumb');
    await on.touch('ravi-left-index');
    on.sensor.expectOnly(undefined);
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual(['finger_unknown', 2, 1]);
  });

  it('knows the module again after a loss of power, and another one by its name', async () => {
    const on = await bench();
    const { identity } = on.sensor;
    expect(identity).toBeDefined();
    on.firmware.powerOff();
    await on.pass(1_000);
    on.firmware.powerOn();
    await on.pass(500);
    await on.reconnect();
    expect(on.sensor.identity).toBe(identity);
    const other = await bench({ seed: 2 });
    expect(other.sensor.identity).not.toBe(identity);
  });

  it('notices another module on the same line before a finger on it counts', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    const { identity } = on.sensor;
    await on.exchange(2);
    on.firmware.fingerIn?.('ravi-right-thumb');
    for (let waitedMs = 0; on.gaveUp.length === 0 && waitedMs < 60_000; waitedMs += 500) await on.pass(500);
    expect(on.gaveUp).toEqual([expect.stringContaining('Another fingerprint module')]);
    expect(on.presentations).toEqual([]);
    await on.reconnect();
    expect(on.sensor.identity).not.toBe(identity);
    expect(await on.settle(on.sensor.occupiedSlots())).toEqual([]);
  });

  it.each([
    ['deleted', (on: FingerBench) => on.sensor.deleteTemplate(1)],
    ['read', (on: FingerBench) => on.sensor.exportTemplate(1)],
    ['written', (on: FingerBench, template: Uint8Array) => on.sensor.importTemplate(1, template)],
    ['listed', (on: FingerBench) => on.sensor.occupiedSlots()],
  ])('nothing is %s in another module that was waited for behind an unanswered look', async (_what, act) => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    const template = await on.settle(on.sensor.exportTemplate(1));
    await on.exchange(2, 500);
    await expect(on.settle<unknown>(act(on, template))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    expect(on.gaveUp).toEqual([expect.stringContaining('Another fingerprint module')]);
  });

  it('is not taken for another one after a loss of power, whatever was done with its slots', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    await on.settle(on.sensor.occupiedSlots());
    await on.enroll(2, 'ravi-right-thumb');
    await on.settle(on.sensor.deleteTemplate(1));
    on.firmware.powerOff();
    await on.pass(1_500);
    on.firmware.powerOn();
    await on.pass(20_000);
    await on.touch('ravi-right-thumb', 2_000);
    expect([on.gaveUp, on.presentations]).toEqual([[], [2]]);
  });

  it('keeps templates and images out of the capture', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    const template = await on.settle(on.sensor.exportTemplate(1));
    await on.settle(on.sensor.importTemplate(2, template));
    on.firmware.fingerIn?.('asha-right-thumb');
    const { pixels } = await on.settle(on.sensor.captureImage());
    const captured = on.captured.join(' ');
    expect(captured).toContain(driver === 'ef01' ? 'ef01' : '55aa');
    const piece = Buffer.from(template.subarray(8, 24)).toString('hex');
    expect(captured).not.toContain(piece);
    expect(Math.max(...on.captured.map(({ length }) => length / 2))).toBeLessThan(64);
    expect(pixels.length).toBeGreaterThan(10_000);
  });

  it('has recovered from damaged answers a moment later', async () => {
    const on = await bench();
    await on.enroll(1, 'asha-right-thumb');
    on.distort = (frame) => frame.map((byte, at) => (at === frame.length - 1 ? byte ^ 1 : byte));
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([]);
    on.distort = (frame) => frame;
    await on.pass(5_000);
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([1]);
    expect(on.counts['frames_bad_checksum']).toBeGreaterThan(0);
  });
});

describe('a module without a name', () => {
  it.each([
    ['ef01', 'r307', {}],
    ['gt521f', 'gt511c3', { model: 'gt511c3' }],
  ])('%s may be another one after each unanswered question', async (driver, profile, options) => {
    // Who only looks gives no name, and nobody can read the serial number.
    const on = new FingerBench(driver, { profile, options, isLookedAt: true });
    on.distort = withoutSerial;
    await on.ready();
    expect(on.sensor.identity).toBeUndefined();
    await on.enroll(1, 'asha-right-thumb');
    await on.pass(5_000);
    expect(on.gaveUp).toEqual([]);
    // It has as many fingers, in the same slots, as one that would be filled for the same students.
    on.distort = () => new Uint8Array();
    await on.pass(1_000);
    on.distort = withoutSerial;
    await on.touch('asha-right-thumb', 5_000);
    expect(on.gaveUp).toEqual([expect.stringContaining('has no name')]);
    expect(on.presentations).toEqual([]);
  });
});

describe('a module of the GT-521F series', () => {
  it.each([
    ['gt521f52', 'gt521f52', 3_000],
    ['gt511c3', 'gt511c3', 200],
    ['gt511c1r', 'gt511c1r', 20],
  ])('%s says how many slots it has', async (profile, model, capacity) => {
    const on = await new FingerBench('gt521f', { profile, options: { model } }).ready();
    expect(on.sensor.capacity).toBe(capacity);
  });

  it.each([
    115_200, 57_600,
  ])('is found at %i baud, where a session before this one left it', async (moduleBaud) => {
    const next = new FingerBench('gt521f', { profile: 'gt511c3', options: { speed: moduleBaud } });
    await next.ready();
    await next.reconnect();
    await next.touch('ravi-left-index', 3_000);
    expect(next.presentations).toEqual(['finger_unknown']);
  });

  it('is back at 9600 baud after a loss of power, and is found there', async () => {
    const on = await new FingerBench('gt521f', { profile: 'gt511c3' }).ready();
    await on.enroll(1, 'asha-right-thumb');
    on.firmware.powerOff();
    await on.pass(3_000);
    on.firmware.powerOn();
    await on.pass(20_000);
    await on.touch('asha-right-thumb', 2_000);
    expect(on.presentations).toEqual([1]);
  });

  it('keeps its speed when the doctor looks, who changes nothing, and is raised by the gateway', async () => {
    const on = await new FingerBench('gt521f', { profile: 'gt511c3', isLookedAt: true }).ready();
    expect([on.sensor.capacity, on.moduleBaud]).toEqual([200, 9_600]);
    on.isLookedAt = false;
    await on.reconnect();
    expect(on.moduleBaud).toBe(115_200);
  });

  it('reads fingers while its three thousand slots are looked through, and notices what changes meanwhile', async () => {
    const options = { model: 'gt521f52' };
    const on = await new FingerBench('gt521f', { profile: 'gt521f52', options }).ready();
    await on.enroll(1, 'asha-right-thumb');
    const template = await on.settle(on.sensor.exportTemplate(1));
    await on.settle(on.sensor.importTemplate(2_999, template));
    let isOver = false;
    const reading = on.sensor.occupiedSlots().finally(() => {
      isOver = true;
    });
    await on.pass(2_000);
    await on.touch('asha-right-thumb', 2_000);
    expect([on.presentations, isOver]).toEqual([[1], false]);
    // Behind where it is looked by now.
    await on.settle(on.sensor.importTemplate(0, template));
    expect(await on.settle(reading, 900_000)).toEqual([0, 1, 2_999]);
  });

  it('downloads the picture where the gateway is to compare', async () => {
    const on = await new FingerBench('gt521f', { options: { match: 'gateway' } }).ready();
    await on.touch('asha-right-thumb', 8_000);
    expect(on.presentations).toEqual(['finger_image']);
  });
});

describe('a module of the EF01 family', () => {
  it('shows the pictures that its captures were made of, without one that got lost, and no more than are wanted', async () => {
    const on = await new FingerBench('ef01', { options: {} }).ready();
    const shown: ProbeImage[] = [];
    const onImage = async (image: ProbeImage) => (shown.push(image) < 2 ? 'more' : 'enough');
    let isSpoiled = false;
    on.distort = (frame) => {
      if (isSpoiled || frame.length < 64) return frame;
      isSpoiled = true;
      return frame.map((byte, at) => (at === 40 ? byte ^ 0xff : byte));
    };
    await on.enroll(1, 'asha-right-thumb', { onImage });
    // Two captures, and the picture of the first one was spoiled on the line.
    expect([isSpoiled, shown.length]).toEqual([true, 1]);
    await on.enroll(2, 'ravi-left-index', { onImage });
    expect(shown).toHaveLength(2);
    const [asha, ravi] = shown.map((image) => prepare(extract(greyImage(image)).template));
    on.firmware.fingerIn?.('asha-right-thumb');
    const again = prepare(extract(greyImage(await on.settle(on.sensor.captureImage()))).template);
    expect(compare(asha as typeof again, again)).toBeGreaterThan(compare(ravi as typeof again, again) + 10);
    on.firmware.fingerOut?.();
    await on.pass(2_000);
    await on.touch('ravi-left-index');
    expect(on.presentations.at(-1)).toBe(2);
  });

  it('errs as often as it is told, with the same seed the same way', async () => {
    const run = async () => {
      const on = await new FingerBench('ef01', { rates: { falseReject: 0.5 }, seed: 7 }).ready();
      await on.enroll(1, 'asha-right-thumb');
      for (let turn = 0; turn < 24; turn++) await on.touch('asha-right-thumb', 600);
      return on.presentations;
    };
    const first = await run();
    const rejected = first.filter((one) => one === 'finger_unknown').length;
    // Two tries a presentation: a quarter is expected.
    expect(rejected).toBeGreaterThan(1);
    expect(rejected).toBeLessThan(13);
    expect(await run()).toEqual(first);
  });

  it('shows another picture when the captures before it were of two fingers', async () => {
    const on = await new FingerBench('ef01', { options: {} }).ready();
    const placed = ['asha-right-thumb', 'ravi-left-index', 'ravi-left-index', 'ravi-left-index'];
    const steps: string[] = [];
    const enrolling = on.sensor.enroll(1, {
      onStep: ({ step }) => {
        steps.push(step);
        if (step === 'place') on.firmware.fingerIn?.(placed.shift() ?? '');
        if (step === 'lift') on.firmware.fingerOut?.();
      },
      onImage: async () => {
        steps.push('image');
        return 'enough';
      },
    });
    await on.settle(enrolling);
    const round = ['place', 'image', 'lift', 'place', 'lift'];
    expect(steps).toEqual([...round, 'mismatch', ...round]);
  });

  it.each([
    9_600, 115_200, 19_200, 38_400,
  ])('is found at %i baud, where somebody left it', async (moduleBaud) => {
    const on = await new FingerBench('ef01', { moduleBaud }).ready();
    await on.touch('ravi-left-index');
    expect(on.presentations).toEqual(['finger_unknown']);
  });

  it('is refused with another password, and what to write is said', async () => {
    const on = new FingerBench('ef01', { options: { password_file: '/x' }, secret: '00000001' });
    on.firmware.powerOn();
    await on.pass(500);
    setPassword(on);
    await on.pass(100);
    await expect(on.ready()).rejects.toMatchObject({
      code: 'DEVICE_REFUSED',
      message: expect.stringContaining('options.password_file'),
    });
  });

  it('is not spoken to with a password file that holds none, and what it holds is not said', async () => {
    const on = new FingerBench('ef01', { options: { password_file: '/etc/finger' }, secret: 'hunter2' });
    const refused = expect(on.ready()).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.not.stringContaining('hunter2'),
    });
    await refused;
    expect(on.captured).toEqual([]);
  });

  it.each([
    ['between two looks, within ten minutes', async () => undefined, 601_000],
    [
      'during an operation, at the next look',
      async (on: FingerBench) =>
        void on.sensor.importTemplate(1, new Uint8Array(1_536).fill(7)).catch(() => undefined),
      10_000,
    ],
    [
      'while a light was shown, at the next look',
      async (on: FingerBench) => void on.session.feedback?.('kept').catch(() => undefined),
      10_000,
    ],
  ])('is noticed to be another one: exchanged %s', async (_when, begin, withinMs) => {
    const on = await new FingerBench('ef01').ready();
    await begin(on);
    await on.exchange(2, 50);
    for (let waitedMs = 0; on.gaveUp.length === 0 && waitedMs < withinMs; waitedMs += 500) await on.pass(500);
    expect(on.gaveUp).toHaveLength(1);
  });

  it('is given no name by the doctor, who only looks', async () => {
    const on = await new FingerBench('ef01', { isLookedAt: true, profile: 'r307' }).ready();
    expect(on.sensor.identity).toBeUndefined();
    on.isLookedAt = false;
    await on.reconnect();
    expect(on.sensor.identity).toBeDefined();
  });

  it('wants its password again after a loss of power, and gets it', async () => {
    const on = new FingerBench('ef01', { options: { password_file: '/x' }, secret: '12345678' });
    on.firmware.powerOn();
    await on.pass(500);
    setPassword(on);
    await on.ready();
    await on.enroll(1, 'asha-right-thumb');
    on.firmware.powerOff();
    await on.pass(2_000);
    on.firmware.powerOn();
    await on.pass(5_000);
    await on.touch('asha-right-thumb');
    expect(on.presentations).toEqual([1]);
    expect(on.captured.join(' ')).not.toContain('12345678');
  });

  it('downloads the picture where the gateway is to compare', async () => {
    const on = await new FingerBench('ef01', { options: { match: 'gateway' } }).ready();
    await on.touch('asha-right-thumb', 6_000);
    expect(on.presentations).toEqual(['finger_image']);
  });

  it('shows each outcome on its ring, and nothing on a module without one', async () => {
    const on = await new FingerBench('ef01').ready();
    on.lights.length = 0;
    for (const signal of ['kept', 'refused', 'not_recognized'] as const) {
      await on.settle(on.session.feedback?.(signal) ?? Promise.reject(new Error('no lights')));
    }
    expect(on.lights).toEqual(['green', 'red', 'red']);
    const dark = await new FingerBench('ef01', { profile: 'r307' }).ready();
    await dark.settle(dark.session.feedback?.('kept') ?? Promise.reject(new Error('no lights')));
    expect(dark.lights).toEqual([]);
  });
});

/** As a technician does with another program: SetPwd 12345678. */
function setPassword(on: FingerBench): void {
  on.firmware.receive(
    Uint8Array.from([0xef, 1, 255, 255, 255, 255, 1, 0, 7, 0x12, 0x12, 0x34, 0x56, 0x78, 1, 0x2e]),
  );
}

/** What a GT-521F says of itself, with the serial number of one that was never given any. */
function withoutSerial(frame: Uint8Array): Uint8Array {
  if (frame[0] !== 0x5a || frame.length !== 30) return frame;
  const blank = Uint8Array.from(frame).fill(0, 12, 28);
  const sum = blank.subarray(0, 28).reduce((total, byte) => total + byte, 0);
  return Uint8Array.from([...blank.subarray(0, 28), sum & 0xff, (sum >> 8) & 0xff]);
}
