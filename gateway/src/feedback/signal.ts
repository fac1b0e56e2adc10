/**
 * What a person at the reader is told. Green always and only means kept (design §1, promise 1).
 *
 * - `kept`: the punch is on disk and the card is known.
 * - `kept_again`: on disk, and so was one of the same person at this reader within the last minute.
 * - `kept_elsewhere`: on disk, but the class that goes on here is not that person's.
 * - `kept_unknown`: on disk, but nobody on the roster has this card.
 * - `disk_full`: not on disk, because there is no room. A person has to come.
 * - `refused`: not on disk for any other reason; to be tried again.
 * - `not_recognized`: a finger that is nobody's here; nothing is kept, try again or use the card.
 * - `pin_wrong`: what was typed is not the PIN of the card; nothing is kept of it, the card before it was.
 */
export type FeedbackSignal =
  | 'kept'
  | 'kept_again'
  | 'kept_elsewhere'
  | 'kept_unknown'
  | 'disk_full'
  | 'refused'
  | 'not_recognized'
  | 'pin_wrong';

/** One signal in the terms that lights and beepers have in common; a device shows the part that it can. */
export interface FeedbackPattern {
  readonly color: 'green' | 'red';
  /** Milliseconds for which the light is on. */
  readonly lightMs: number;
  /** 0 for silence. */
  readonly beeps: number;
  readonly beepMs: number;
}

/** Told apart by ear: one beep is all right, silence is "we know", more beeps need a look. */
export const FEEDBACK_PATTERNS: Readonly<Record<FeedbackSignal, FeedbackPattern>> = {
  kept: { color: 'green', lightMs: 400, beeps: 1, beepMs: 80 },
  kept_again: { color: 'green', lightMs: 400, beeps: 0, beepMs: 80 },
  kept_elsewhere: { color: 'green', lightMs: 1_200, beeps: 2, beepMs: 250 },
  kept_unknown: { color: 'green', lightMs: 400, beeps: 2, beepMs: 80 },
  disk_full: { color: 'red', lightMs: 2_000, beeps: 1, beepMs: 800 },
  refused: { color: 'red', lightMs: 800, beeps: 3, beepMs: 150 },
  not_recognized: { color: 'red', lightMs: 400, beeps: 2, beepMs: 80 },
  pin_wrong: { color: 'red', lightMs: 800, beeps: 2, beepMs: 150 },
};

/** Whether it is on disk. */
export const isKept = (signal: FeedbackSignal): boolean => FEEDBACK_PATTERNS[signal].color === 'green';
