import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import type { EnrollmentOptions, EnrollmentStep } from '../drivers/finger/sensor.js';
import { atFinger } from './at-finger.js';
import type { EnrollmentEngine } from './enrollment-engine.js';
import { duplicate, type Report, type TakeFingersOptions } from './take-fingers.js';

/** What is known of the slots of one scanner while nobody else touches them. */
export interface SensorSlots {
  /** Slots that are taken. */
  taken(signal: AbortSignal): Promise<readonly number[]>;
  holderOf(slot: number): string | undefined;
  /** Slots with this very finger, which the new one takes the place of. */
  ofFinger(studentRef: string, position: number): readonly number[];
  /** The slot is about to get a template that no roster lists. */
  mark(slot: number): void;
  /** The module has said that nothing is in it any more. */
  emptied(slot: number): void;
}

export interface TakeOnSensorOptions extends Omit<TakeFingersOptions, 'engine' | 'policy'> {
  slots: SensorSlots;
  /** Knows fingers that the module does not understand; undefined where there are none. */
  search: Pick<EnrollmentEngine, 'extract' | 'otherHolder'> | undefined;
}

/**
 * Takes fingers that the module itself makes templates of. The slots it needs meanwhile are emptied again: what is
 * enrolled comes back to it with the roster, as to every other module of its family.
 *
 * @throws RollcallError what ended it, `DUPLICATE_BIOMETRIC` among them
 */
export async function takeOnSensor(options: TakeOnSensorOptions): Promise<void> {
  const { args, sensor, slots, keep, report, signal } = options;
  const own: number[] = [];
  try {
    const free = await freeSlots(options, args.fingers.length);
    for (const [at, position] of args.fingers.entries()) {
      const slot = free[at] as number;
      // The module would refuse the finger for the template that this one is to replace.
      for (const old of slots.ofFinger(args.student_ref, position)) await sensor.deleteTemplate(old, signal);
      slots.mark(slot);
      own.push(slot);
      await atFinger(position, () => enroll(options, { slot, position, own }));
      const record = await sensor.exportTemplate(slot, signal);
      const templateId = await keep(
        {
          enrollmentId: args.enrollment_id,
          studentRef: args.student_ref,
          fingerPosition: position,
          format: sensor.templateFormat,
          record,
          quality: null,
        },
        signal,
      );
      report({ step: 'kept', finger_position: position, template_id: templateId, quality: null });
    }
  } finally {
    await forget(options, own);
  }
}

/** From the end: the gallery fills the slots from the beginning. */
async function freeSlots(
  { sensor, slots, signal }: Pick<TakeFingersOptions, 'sensor' | 'signal'> & { slots: SensorSlots },
  count: number,
): Promise<number[]> {
  const taken = new Set(await slots.taken(signal));
  const free: number[] = [];
  for (let slot = sensor.capacity - 1; slot >= 0 && free.length < count; slot -= 1) {
    if (!taken.has(slot)) free.push(slot);
  }
  if (free.length === count) return free;
  throw new RollcallError(
    'GALLERY_FULL',
    'The scanner has no slot free to enroll in; enroll at another one, or take one with more slots',
  );
}

async function enroll(
  options: TakeOnSensorOptions,
  { slot, position, own }: { slot: number; position: number; own: readonly number[] },
): Promise<void> {
  const { args, sensor, slots, report, signal, search } = options;
  const seen: Uint8Array[] = [];
  const onImage = search === undefined ? {} : { onImage: imageReader(search, seen) };
  const tell = stepReporter(report, position);
  const onStep = (step: EnrollmentStep): void => {
    // What was seen before may be of another finger than what is enrolled in the end.
    if (step.step === 'mismatch') seen.length = 0;
    tell(step);
  };
  try {
    await sensor.enroll(slot, { signal, onStep, ...onImage });
  } catch (error) {
    if (!hasCode(error, 'FINGER_DUPLICATE')) throw error;
    const other = error.context['slot'];
    const isOwn =
      typeof other === 'number' && (own.includes(other) || slots.holderOf(other) === args.student_ref);
    const holder = typeof other === 'number' ? slots.holderOf(other) : undefined;
    if (!isOwn) throw holder === undefined ? ofNobody() : duplicate(holder);
    throw new RollcallError(
      'FINGER_DUPLICATE',
      'This finger of the student is enrolled already, under another position; take the other finger',
      { cause: error, context: { reasons: ['enrolled_just_now'] } },
    );
  }
  if (seen.length === 0) return;
  const holder = await search?.otherHolder(seen, { studentRef: args.student_ref, signal });
  if (holder !== undefined) throw duplicate(holder);
}

/** One picture that the engine can read is enough to look for somebody else's finger. */
function imageReader(
  engine: Pick<EnrollmentEngine, 'extract'>,
  seen: Uint8Array[],
): NonNullable<EnrollmentOptions['onImage']> {
  return async (image) => {
    try {
      seen.push((await engine.extract(image)).record);
      return 'enough';
    } catch (error) {
      // The module takes what it can read itself.
      if (hasCode(error, 'FINGER_UNREADABLE') || hasCode(error, 'IMAGE_INVALID')) return 'more';
      throw error;
    }
  };
}

/** Nobody can be told whose finger it is, the security officer neither. */
const ofNobody = (): RollcallError =>
  new RollcallError(
    'DUPLICATE_BIOMETRIC',
    'The scanner has this finger already, and this gateway does not know whose it is; nothing was stored. What is of nobody is ' +
      'deleted from the scanner while the gateway runs: begin again in some minutes',
  );

function stepReporter(report: Report, position: number): (step: EnrollmentStep) => void {
  const ofFinger = { finger_position: position };
  let placed = { impression: 1, impressions: 1 };
  return (step) => {
    switch (step.step) {
      case 'place':
        placed = { impression: step.capture, impressions: step.captures };
        report({ step: 'place', ...ofFinger, ...placed });
        return;
      case 'lift':
        report({ step: 'captured', ...ofFinger, ...placed, quality: null });
        return;
      case 'poor':
        report({ step: 'rejected', ...ofFinger, reasons: ['poor_quality'], quality: null });
        return;
      case 'mismatch':
        report({ step: 'rejected', ...ofFinger, reasons: ['other_finger'], quality: null });
    }
  };
}

/** A module that is gone keeps it until it is back, and its mark with it: then it is deleted as what means nobody. */
async function forget(
  { sensor, slots }: Pick<TakeFingersOptions, 'sensor'> & { slots: SensorSlots },
  own: readonly number[],
): Promise<void> {
  for (const slot of own) {
    try {
      await sensor.deleteTemplate(slot);
      slots.emptied(slot);
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
    }
  }
}
