import type { EnrollArgs, EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { extract } from '../biometrics/extract/extract.js';
import { compare, prepare } from '../biometrics/match/compare.js';
import { press, randomPattern } from '../biometrics/ridge-pattern.fixture.js';
import { decodeTemplate, encodeTemplate } from '../biometrics/template/record.js';
import { decodeRecordSet } from '../biometrics/template/record-set.js';
import type { EnrollmentOptions, FingerImage } from '../drivers/finger/sensor.js';
import { FakeSensor } from '../identify/finger-sensor.fixture.js';
import { createLog } from '../log.js';
import type { EnrollmentEngine } from './enrollment-engine.js';
import { Enrollments, FINGER_WITHIN_MS } from './enrollments.js';
import type { TakenFinger } from './keep-template.js';

const ID = '00000000-0000-4000-8000-000000000001';
const ARGS: EnrollArgs = {
  enrollment_id: ID,
  device_id: 'r307',
  student_ref: '24B81A0501',
  fingers: [2],
};
const PLACES = [
  {},
  { dx: 16, dy: -8, rotation: 4, seed: 2 },
  { dx: -14, dy: 12, rotation: -5, seed: 3 },
] as const;
const imageOf = (finger: number, place: number): FingerImage =>
  press(randomPattern(finger, 22), PLACES[place]);
const recordOf = (finger: number, place = 0): Uint8Array =>
  encodeTemplate(extract(imageOf(finger, place)).template);

/** Shows these pictures one after the other; then nobody comes any more. */
class ImageSensor extends FakeSensor {
  override matchedBy = 'gateway' as 'sensor' | 'gateway';
  readonly images: FingerImage[];
  waiting: ((error: unknown) => void) | undefined;
  /** Pictures that get lost on the line from now on. */
  lost = 0;

  constructor(images: readonly FingerImage[]) {
    super('sensor-a');
    this.images = [...images];
  }

  override captureImage(signal?: AbortSignal): Promise<FingerImage> {
    signal?.throwIfAborted();
    if (this.lost > 0) {
      this.lost -= 1;
      return Promise.reject(new RollcallError('DEVICE_TIMEOUT', 'in the middle of its data'));
    }
    const image = this.images.shift();
    if (image !== undefined) return Promise.resolve(image);
    return new Promise((_, reject) => {
      this.waiting = reject;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}

/** A module that takes three captures of whatever finger is named next. */
class MatchingSensor extends FakeSensor {
  readonly fingers: string[];
  /** Of the captures to come. */
  images: FingerImage[] = [];
  /** Shown first, before whatever is enrolled in the end. */
  strange: FingerImage | undefined;
  constructor(fingers: readonly string[]) {
    super('sensor-m', 4);
    this.fingers = [...fingers];
  }

  override async enroll(slot: number, { onStep, onImage }: EnrollmentOptions = {}): Promise<void> {
    const finger = this.fingers.shift() ?? '';
    onStep?.({ step: 'place', capture: 1, captures: 2 });
    if (this.strange !== undefined) {
      await onImage?.(this.strange);
      onStep?.({ step: 'mismatch' });
    }
    for (let wanted = 'more'; onImage !== undefined && wanted === 'more' && this.images.length > 0; ) {
      wanted = await onImage(this.images.shift() as FingerImage);
    }
    onStep?.({ step: 'poor' });
    onStep?.({ step: 'lift' });
    const [other] = [...this.slots].find(([, bytes]) => Buffer.from(bytes).toString() === finger) ?? [];
    if (other !== undefined) {
      throw new RollcallError('FINGER_DUPLICATE', 'known', { context: { slot: other } });
    }
    this.slots.set(slot, Buffer.from(finger));
  }
}

class PlainEngine implements EnrollmentEngine {
  readonly known = new Map<string, Uint8Array>();
  isClosed = false;

  extract(image: FingerImage) {
    const { template, quality } = extract(image);
    return Promise.resolve({ record: encodeTemplate(template), quality });
  }

  otherHolder(records: readonly Uint8Array[], { studentRef }: { studentRef: string }) {
    const probes = records.map((record) => prepare(decodeTemplate(record)));
    const other = [...this.known].find(
      ([student, record]) =>
        student !== studentRef &&
        probes.some((probe) => compare(probe, prepare(decodeTemplate(record))) >= 40),
    );
    return Promise.resolve(other?.[0]);
  }

  /** Answers of whoever was told that something left, in turn. */
  readonly forgetting: { done(): void; fail(error: Error): void }[] = [];

  forgetOthers(): Promise<void> {
    return new Promise((done, fail) => this.forgetting.push({ done, fail }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function rig(sensor: FakeSensor) {
  const clock = new ManualClock();
  const told: EnrollmentProgress[] = [];
  const kept: TakenFinger[] = [];
  const logged: string[] = [];
  const engine = new PlainEngine();
  const rigged = {
    clock,
    told,
    kept,
    logged,
    engine,
    underway: '',
    isDiskFull: false,
    forgotten: 0,
    holders: new Map<number, string>(),
    replaced: [] as number[],
    marked: new Set<number>(),
    refusal: undefined as RollcallError | undefined,
    enrollments: undefined as unknown as Enrollments,
    steps: () => told.map(({ step }) => step),
    ended: () => rigged.enrollments.stop(),
  };
  rigged.enrollments = new Enrollments({
    clock,
    log: createLog('debug', { write: (line) => void logged.push(line) }),
    scanner: (deviceId) => {
      if (deviceId === 'r307') return sensor;
      throw new RollcallError('COMMAND_INVALID', 'no such device');
    },
    reserve: async (_deviceId, reserved) => ({
      sensor: reserved,
      slots: {
        taken: async () => [...sensor.slots.keys()],
        holderOf: (slot) => rigged.holders.get(slot),
        ofFinger: () => rigged.replaced,
        mark: (slot) => void rigged.marked.add(slot),
        emptied: (slot) => void rigged.marked.delete(slot),
      },
      release: reserved.reserve(),
    }),
    templates: {
      openEngine: () => engine,
      hasEngineTemplates: () => engine.known.size > 0,
      keep: async (finger) => {
        if (rigged.refusal !== undefined) throw rigged.refusal;
        kept.push(finger);
        return ID;
      },
    },
    report: (id, deviceId, progress) => {
      expect([id, deviceId]).toEqual([ID, 'r307']);
      told.push(progress);
    },
    underway: {
      get: () => rigged.underway,
      set: (text) => {
        if (rigged.isDiskFull) throw new Error('database or disk is full');
        rigged.underway = text;
      },
    },
    onForgotten: () => {
      rigged.forgotten += 1;
    },
  });
  return rigged;
}

const settled = async (check: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !check(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(check()).toBe(true);
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isOver = (steps: readonly string[]): boolean => ['failed', 'cancelled'].includes(steps.at(-1) ?? '');

describe('an enrollment with images', () => {
  it('guides through three impressions, keeps them as one template, and gives the scanner back', async () => {
    const sensor = new ImageSensor([imageOf(11, 0), imageOf(11, 0), imageOf(11, 1), imageOf(11, 2)]);
    const r = rig(sensor);
    expect(r.enrollments.begin(ARGS)).toEqual({ started: true });
    // The same command once more is the same enrollment.
    expect(r.enrollments.begin(ARGS)).toEqual({ started: true });
    await settled(() => sensor.done.at(-1) === 'give back');
    expect(r.steps()).toEqual([
      'started',
      'place',
      'captured',
      'place',
      'rejected',
      'place',
      'captured',
      'place',
      'captured',
      'kept',
    ]);
    expect(r.told[4]).toMatchObject({ reasons: ['same_place'], finger_position: 2 });
    expect(r.told[8]).toMatchObject({ impression: 3, impressions: 3 });
    expect(r.kept).toMatchObject([
      { enrollmentId: ID, studentRef: '24B81A0501', fingerPosition: 2, format: 'rollcall-1' },
    ]);
    expect(decodeRecordSet(r.kept[0]?.record ?? new Uint8Array())).toHaveLength(3);
    expect([r.engine.isClosed, r.underway]).toEqual([true, '']);
  });

  it('takes two fingers, and not the same one twice', async () => {
    const [a, b] = [11, 12].map((finger) => PLACES.map((_, place) => imageOf(finger, place)));
    const sensor = new ImageSensor([...(a ?? []), imageOf(11, 1), ...(b ?? [])]);
    const r = rig(sensor);
    r.enrollments.begin({ ...ARGS, fingers: [2, 7] });
    await settled(() => sensor.done.at(-1) === 'give back');
    expect(r.kept.map(({ fingerPosition }) => fingerPosition)).toEqual([2, 7]);
    expect(r.told.filter(({ step }) => step === 'rejected')).toMatchObject([
      { finger_position: 7, reasons: ['enrolled_just_now'] },
    ]);
  });

  it('is done with its last finger, also when that one stays on the glass', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    sensor.untilLifted = () =>
      r.steps().at(-1) === 'kept'
        ? Promise.reject(new RollcallError('FINGER_ABSENT', 'the finger stayed'))
        : Promise.resolve();
    r.enrollments.begin(ARGS);
    await settled(() => sensor.done.at(-1) === 'give back');
    expect(r.steps().at(-1)).toBe('kept');
  });

  it('case 115: refuses a finger of another student, says whose to central, and stores nothing', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    r.engine.known.set('24B81A0502', recordOf(11, 1));
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({
      step: 'failed',
      code: 'DUPLICATE_BIOMETRIC',
      finger_position: 2,
      student_ref: '24B81A0502',
    });
    expect(r.logged.join('')).toContain('DUPLICATE_BIOMETRIC');
    expect(r.logged.join('')).not.toContain('24B81A0502');
    expect(r.kept).toEqual([]);
  });

  it('lets somebody enroll the own finger anew', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    r.engine.known.set(ARGS.student_ref, recordOf(11, 1));
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'kept');
  });

  it('case 116: fails with what was wrong most often after a bounded number of captures', async () => {
    const blank = { ...imageOf(11, 0), pixels: new Uint8Array(220 * 260).fill(240) };
    const sensor = new ImageSensor(Array.from({ length: 20 }, () => blank));
    const r = rig(sensor);
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({
      step: 'failed',
      code: 'FINGER_UNREADABLE',
      finger_position: 2,
      reasons: ['too_little_finger'],
    });
    expect(sensor.images).toHaveLength(10);
  });

  it.each([
    ['the port is lost', new RollcallError('PORT_CLOSED', 'unplugged'), 'PORT_CLOSED'],
    ['nobody comes', new RollcallError('FINGER_ABSENT', 'nobody'), 'FINGER_ABSENT'],
    ['something unforeseen happens', new Error('boom'), 'INTERNAL'],
  ])('ends with a typed error when %s', async (_what, reason, code) => {
    const sensor = new ImageSensor([imageOf(11, 0)]);
    const r = rig(sensor);
    r.enrollments.begin(ARGS);
    await settled(() => sensor.waiting !== undefined);
    sensor.waiting?.(reason);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({
      step: 'failed',
      code,
      // What nobody foresaw has nothing to do with the finger.
      ...(code === 'INTERNAL' ? {} : { finger_position: 2 }),
    });
    expect(sensor.done.at(-1)).toBe('give back');
  });

  it('takes a picture again that got lost on the line, and gives up when that goes on', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    sensor.lost = 2;
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'kept');
    expect(r.steps().filter((step) => step === 'place')).toHaveLength(3);
    const broken = new ImageSensor([imageOf(11, 0)]);
    const worse = rig(broken);
    broken.lost = 3;
    worse.enrollments.begin(ARGS);
    await settled(() => isOver(worse.steps()));
    expect(worse.told.at(-1)).toEqual({ step: 'failed', code: 'DEVICE_TIMEOUT', finger_position: 2 });
  });

  it('ends when central takes the template no more', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    r.refusal = new RollcallError('CONSENT_MISSING', 'withdrawn');
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({ step: 'failed', code: 'CONSENT_MISSING', finger_position: 2 });
  });

  it('is cancelled, takes too long, or ends with the gateway: central hears of each', async () => {
    for (const [end, last] of [
      [(r) => void r.enrollments.cancel(ID), { step: 'cancelled' }],
      [
        (r) => r.clock.advance(FINGER_WITHIN_MS),
        { step: 'failed', code: 'ENROLLMENT_ABORTED', finger_position: 2 },
      ],
      [(r) => void r.enrollments.stop(), { step: 'failed', code: 'ENROLLMENT_ABORTED', finger_position: 2 }],
    ] as [(r: ReturnType<typeof rig>) => unknown, EnrollmentProgress][]) {
      const sensor = new ImageSensor([]);
      const r = rig(sensor);
      r.enrollments.begin(ARGS);
      await settled(() => sensor.waiting !== undefined);
      await end(r);
      await settled(() => isOver(r.steps()));
      expect(r.told.at(-1)).toEqual(last);
      expect(sensor.done).toEqual(['reserve', 'give back']);
    }
  });

  it('is one at a time, at a scanner that is there', async () => {
    const sensor = new ImageSensor([]);
    const r = rig(sensor);
    expect(() => r.enrollments.begin({ ...ARGS, device_id: 'r503' })).toThrow(/COMMAND_INVALID/);
    r.enrollments.begin(ARGS);
    const other = { ...ARGS, enrollment_id: '00000000-0000-4000-8000-000000000009' };
    expect(() => r.enrollments.begin(other)).toThrow(/ENROLLMENT_BUSY/);
    expect(r.enrollments.cancel(other.enrollment_id)).toEqual({ cancelled: false });
    await r.ended();
    r.enrollments.begin(ARGS);
    await r.ended();
  });

  it('that a crash ended is told to central at the next start, once', () => {
    const r = rig(new ImageSensor([]));
    r.underway = JSON.stringify({ enrollment_id: ID, device_id: 'r307' });
    r.enrollments.start();
    r.enrollments.start();
    expect(r.told).toEqual([{ step: 'failed', code: 'ENROLLMENT_ABORTED' }]);
  });

  it('fails on a full disk, at its begin and at its end, and the gateway goes on', async () => {
    const r = rig(new ImageSensor([]));
    r.isDiskFull = true;
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    await r.ended();
    expect(r.told).toEqual([{ step: 'failed', code: 'INTERNAL' }]);
    expect(r.clock.pendingTimers).toBe(0);
    r.isDiskFull = false;
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'place');
    r.isDiskFull = true;
    await r.ended();
    expect(r.told.at(-1)).toMatchObject({ step: 'failed', code: 'ENROLLMENT_ABORTED' });
    // The next start tells it again, on a disk that is still full.
    r.enrollments.start();
    expect(r.told.at(-1)).toEqual({ step: 'failed', code: 'ENROLLMENT_ABORTED' });
  });

  it('holds what left the store until its engine has forgotten the last of it, and says so then', async () => {
    const r = rig(new ImageSensor([]));
    r.enrollments.templatesLeft();
    expect(r.enrollments.holdsOthers).toBe(false);
    r.enrollments.begin(ARGS);
    expect(r.enrollments.holdsOthers).toBe(false);
    await settled(() => r.steps().at(-1) === 'place');
    r.enrollments.templatesLeft();
    r.enrollments.templatesLeft();
    const [first, second] = r.engine.forgetting;
    first?.done();
    await turn();
    expect([r.enrollments.holdsOthers, r.forgotten]).toEqual([true, 0]);
    second?.done();
    await settled(() => !r.enrollments.holdsOthers);
    expect([r.forgotten, r.engine.isClosed]).toEqual([1, false]);
    await r.ended();
    expect(r.forgotten).toBe(1);
  });

  it('holds what its engine cannot forget until it ends', async () => {
    const r = rig(new ImageSensor([]));
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'place');
    r.enrollments.templatesLeft();
    r.engine.forgetting[0]?.fail(new Error('a thread failed'));
    await turn();
    expect([r.enrollments.holdsOthers, r.forgotten]).toEqual([true, 0]);
    await r.ended();
    expect([r.enrollments.holdsOthers, r.forgotten, r.engine.isClosed]).toEqual([false, 1, true]);
    const onModule = rig(new MatchingSensor([]));
    onModule.enrollments.begin(ARGS);
    expect(onModule.enrollments.underwayAt).toBe('sensor-m');
    onModule.enrollments.templatesLeft();
    expect(onModule.enrollments.holdsOthers).toBe(false);
    const ended = onModule.ended();
    expect(onModule.enrollments.underwayAt).toBeUndefined();
    await ended;
  });

  it('says nothing of what a finger looks like', async () => {
    const sensor = new ImageSensor(PLACES.map((_, place) => imageOf(11, place)));
    const r = rig(sensor);
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'kept');
    const said = JSON.stringify([r.told, r.underway, r.logged]);
    const record = Buffer.from(r.kept[0]?.record ?? []);
    for (let at = 16; at + 6 <= record.length; at += 3) {
      for (const form of ['hex', 'base64', 'latin1'] as const)
        expect(said).not.toContain(record.subarray(at, at + 6).toString(form));
    }
  });
});

describe('an enrollment on a module that matches itself', () => {
  it('takes the template of the module, and empties the slots it needed', async () => {
    const sensor = new MatchingSensor(['right', 'left']);
    sensor.slots.set(3, Buffer.from('somebody'));
    const r = rig(sensor);
    r.enrollments.begin({ ...ARGS, fingers: [2, 7] });
    await settled(() => sensor.done.at(-1) === 'give back');
    expect(
      r.kept.map(({ format, record, quality }) => [format, Buffer.from(record).toString(), quality]),
    ).toEqual([
      ['fake-1', 'right', null],
      ['fake-1', 'left', null],
    ]);
    expect([...sensor.slots.keys()]).toEqual([3]);
    expect(r.marked.size).toBe(0);
    expect(r.steps().slice(0, 5)).toEqual(['started', 'place', 'rejected', 'captured', 'kept']);
  });

  it('case 115: says whose finger it is where the slot is known', async () => {
    const sensor = new MatchingSensor(['right']);
    sensor.slots.set(0, Buffer.from('right'));
    const r = rig(sensor);
    r.holders.set(0, '24B81A0502');
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({
      step: 'failed',
      code: 'DUPLICATE_BIOMETRIC',
      finger_position: 2,
      student_ref: '24B81A0502',
    });
    expect(r.logged.join('')).toContain('DUPLICATE_BIOMETRIC');
    expect(r.logged.join('')).not.toContain('24B81A0502');
    expect([...sensor.slots.keys()]).toEqual([0]);
  });

  it('case 115: finds by its picture a finger that was enrolled for somebody else at a scanner of another kind', async () => {
    const sensor = new MatchingSensor(['right']);
    const blank = { ...imageOf(11, 0), pixels: new Uint8Array(220 * 260).fill(240) };
    sensor.images = [blank, imageOf(11, 1), imageOf(11, 2)];
    sensor.strange = imageOf(12, 0);
    const r = rig(sensor);
    r.engine.known.set('24B81A0502', recordOf(11));
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toMatchObject({ code: 'DUPLICATE_BIOMETRIC', student_ref: '24B81A0502' });
    expect([r.kept, sensor.slots.size, r.engine.isClosed]).toEqual([[], 0, true]);
    // One that could be read was enough.
    expect(sensor.images).toHaveLength(1);
  });

  it('lets the own finger pass that is enrolled at a scanner of another kind, and asks for no picture for nothing', async () => {
    const sensor = new MatchingSensor(['right', 'left']);
    sensor.images = [imageOf(11, 1), imageOf(12, 0)];
    sensor.strange = imageOf(13, 0);
    const r = rig(sensor);
    r.engine.known.set(ARGS.student_ref, recordOf(11));
    r.engine.known.set('24B81A0502', recordOf(13));
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'kept');
    await r.ended();
    expect(sensor.images).toHaveLength(1);
    sensor.strange = undefined;
    r.engine.known.clear();
    r.enrollments.begin({ ...ARGS, fingers: [7] });
    await settled(() => r.kept.length === 2);
    expect(sensor.images).toHaveLength(1);
  });

  it('refuses one finger under two positions', async () => {
    const sensor = new MatchingSensor(['right', 'right']);
    const r = rig(sensor);
    r.enrollments.begin({ ...ARGS, fingers: [2, 7] });
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({
      step: 'failed',
      code: 'FINGER_DUPLICATE',
      finger_position: 7,
      reasons: ['enrolled_just_now'],
    });
    expect(sensor.slots.size).toBe(0);
  });

  it('takes the place of the same finger, which the module would refuse', async () => {
    const sensor = new MatchingSensor(['right']);
    sensor.slots.set(0, Buffer.from('right'));
    const r = rig(sensor);
    r.replaced = [0];
    r.holders.set(0, ARGS.student_ref);
    r.enrollments.begin(ARGS);
    await settled(() => r.steps().at(-1) === 'kept');
  });

  it('counts a template that it could not take out of the module again', async () => {
    const sensor = new MatchingSensor(['right']);
    const r = rig(sensor);
    const { enroll } = sensor;
    sensor.enroll = async (slot, options) => {
      expect(r.marked).toEqual(new Set([slot]));
      await enroll.call(sensor, slot, options);
    };
    sensor.deleteTemplate = () => Promise.reject(new RollcallError('PORT_LOST', 'unplugged'));
    r.enrollments.begin(ARGS);
    await settled(() => sensor.done.at(-1) === 'give back');
    expect([...r.marked]).toEqual([...sensor.slots.keys()]);
    expect(r.marked.size).toBe(1);
  });

  it('needs a slot', async () => {
    const sensor = new MatchingSensor(['right']);
    for (let slot = 0; slot < 4; slot += 1) sensor.slots.set(slot, Buffer.from(`${slot}`));
    const r = rig(sensor);
    r.enrollments.begin(ARGS);
    await settled(() => isOver(r.steps()));
    expect(r.told.at(-1)).toEqual({ step: 'failed', code: 'GALLERY_FULL' });
  });
});
