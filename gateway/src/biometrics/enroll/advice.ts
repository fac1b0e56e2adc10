import { QUALITY_ADVICE } from '../quality.js';
import type { CaptureReason } from './policy.js';

/** What the person at the scanner does better, by reason. */
export const CAPTURE_ADVICE: Readonly<Record<CaptureReason, string>> = {
  ...QUALITY_ADVICE,
  poor_quality: 'The picture is weak: lay the finger flat and hold still.',
  other_finger: 'This does not look like the finger before: use the same finger, and lay it as flat.',
  same_place: 'Lift the finger and put it down a little differently: higher, lower, or to the side.',
  enrolled_just_now: 'This finger was enrolled a moment ago: take the other one.',
};
