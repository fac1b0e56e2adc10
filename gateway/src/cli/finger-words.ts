import type { EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { CAPTURE_ADVICE } from '../biometrics/enroll/advice.js';

/** ISO/IEC 19794-2 table 2, from 1. */
const FINGER_NAMES = [
  'right thumb',
  'right index finger',
  'right middle finger',
  'right ring finger',
  'right little finger',
  'left thumb',
  'left index finger',
  'left middle finger',
  'left ring finger',
  'left little finger',
] as const;

export const fingerName = (position: number): string => FINGER_NAMES[position - 1] ?? `finger ${position}`;

/** What the person at the terminal reads of an enrollment. */
export function describeProgress(progress: EnrollmentProgress): string {
  switch (progress.step) {
    case 'started':
      return 'The scanner is ready.';
    case 'place':
      return `Put the ${fingerName(progress.finger_position)} on the scanner (${progress.impression} of ${progress.impressions}).`;
    case 'captured':
      return `Taken${progress.quality === null ? '' : `, quality ${progress.quality}`}. Lift the finger.`;
    case 'rejected':
      return `Not taken. ${progress.reasons.map((reason) => CAPTURE_ADVICE[reason]).join(' ')} Lift the finger.`;
    case 'kept':
      return `The ${fingerName(progress.finger_position)} is enrolled, as template ${progress.template_id}.`;
    case 'failed':
      return `The enrollment failed: ${progress.code}.`;
    case 'cancelled':
      return 'The enrollment was cancelled.';
  }
}
