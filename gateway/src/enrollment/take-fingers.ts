import type { EnrollArgs, EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { type EnrollmentAnswer, GuidedEnrollment } from '../biometrics/enroll/guided-enrollment.js';
import { ENROLLMENT_POLICY, type EnrollmentPolicy } from '../biometrics/enroll/policy.js';
import { encodeRecordSet, RECORD_FORMAT } from '../biometrics/template/record-set.js';
import type { FingerImage, FingerSensor } from '../drivers/finger/sensor.js';
import { atFinger, withoutCode } from './at-finger.js';
import type { EnrollmentEngine } from './enrollment-engine.js';
import type { KeepTemplate } from './keep-template.js';

/** Pictures in a row that may get lost before the cable or the power is to blame. */
const LOST_PICTURES_MAX = 3;

export type Report = (progress: EnrollmentProgress) => void;

export interface TakeFingersOptions {
  args: EnrollArgs;
  sensor: FingerSensor;
  engine: EnrollmentEngine;
  keep: KeepTemplate;
  report: Report;
  signal: AbortSignal;
  policy?: EnrollmentPolicy;
}

/**
 * Takes fingers as images and makes templates of our engine of them.
 *
 * @throws RollcallError what ended it, with the finger in its context; `DUPLICATE_BIOMETRIC` has the other student there, and
 *   `FINGER_UNREADABLE` and `FINGER_INCONSISTENT` the reasons
 */
export async function takeFingers(options: TakeFingersOptions): Promise<void> {
  const { args, sensor, signal } = options;
  const taken: Uint8Array[] = [];
  for (const [at, position] of args.fingers.entries()) {
    await atFinger(position, async () => {
      taken.push(...(await takeAndKeep(options, position, taken)));
      // After the last one there is nothing left that a finger on the glass could spoil.
      if (at + 1 < args.fingers.length) await sensor.untilLifted(signal);
    });
  }
}

async function takeAndKeep(
  options: TakeFingersOptions,
  position: number,
  taken: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const { args, engine, keep, report, signal } = options;
  const { records, quality } = await takeFinger(options, position, taken);
  const other = await engine.otherHolder(records, { studentRef: args.student_ref, signal });
  if (other !== undefined) throw duplicate(other);
  const templateId = await keep(
    {
      enrollmentId: args.enrollment_id,
      studentRef: args.student_ref,
      fingerPosition: position,
      format: RECORD_FORMAT,
      record: encodeRecordSet(records),
      quality,
    },
    signal,
  );
  report({ step: 'kept', finger_position: position, template_id: templateId, quality });
  return records;
}

export const duplicate = (studentRef: string | undefined): RollcallError =>
  new RollcallError(
    'DUPLICATE_BIOMETRIC',
    'This finger is enrolled for somebody else already; nothing was stored. The security officer is told',
    { context: studentRef === undefined ? {} : { student_ref: studentRef } },
  );

async function takeFinger(
  { sensor, engine, report, signal, policy = ENROLLMENT_POLICY }: TakeFingersOptions,
  position: number,
  taken: readonly Uint8Array[],
) {
  const guided = new GuidedEnrollment(policy, taken);
  const { impressions } = guided;
  const ofFinger = { finger_position: position };
  for (;;) {
    report({ step: 'place', ...ofFinger, impression: guided.wants, impressions });
    const answer = await takeImage(guided, engine, await capture(sensor, signal));
    signal.throwIfAborted();
    switch (answer.outcome) {
      case 'rejected':
        report({ step: 'rejected', ...ofFinger, reasons: answer.reasons, quality: answer.quality });
        break;
      case 'failed':
        throw new RollcallError(answer.error.code, withoutCode(answer.error), {
          context: { reasons: answer.reasons },
        });
      default: {
        const { impression, quality } = answer;
        report({ step: 'captured', ...ofFinger, impression, impressions, quality });
        if (answer.outcome === 'complete') return answer.finger;
      }
    }
    await sensor.untilLifted(signal);
  }
}

/** A picture that got lost on the line is nobody's fault: the finger still lies there, or comes again. */
async function capture(sensor: FingerSensor, signal: AbortSignal): Promise<FingerImage> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sensor.captureImage(signal);
    } catch (error) {
      // A piece that went missing makes the picture one of no known size.
      const isLost = hasCode(error, 'DEVICE_TIMEOUT') || hasCode(error, 'IMAGE_INVALID');
      if (!isLost || attempt === LOST_PICTURES_MAX) throw error;
    }
  }
}

async function takeImage(
  guided: GuidedEnrollment,
  engine: EnrollmentEngine,
  image: FingerImage,
): Promise<EnrollmentAnswer> {
  try {
    return guided.take(await engine.extract(image));
  } catch (error) {
    if (hasCode(error, 'FINGER_UNREADABLE') || hasCode(error, 'IMAGE_INVALID'))
      return guided.takeUnreadable();
    throw error;
  }
}
