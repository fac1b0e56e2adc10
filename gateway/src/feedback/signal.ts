/**
 * What a person at the reader is told.
 *
 * - `kept`: the punch is on disk and the card is known.
 * - `kept_unknown`: on disk, but nobody on the roster has this card. Green always and only means kept (design
 *   §1, promise 1).
 * - `refused`: not on disk (the store failed).
 */
export type FeedbackSignal = 'kept' | 'kept_unknown' | 'refused';

/** One signal in the terms that lights and beepers have in common; a device shows the part that it can. */
export interface FeedbackPattern {
  readonly color: 'green' | 'red';
  /** Milliseconds for which the light is on. */
  readonly lightMs: number;
  readonly beeps: number;
  readonly beepMs: number;
}

/** Green and one short beep; green and two; red and three long ones. */
export const FEEDBACK_PATTERNS: Readonly<Record<FeedbackSignal, FeedbackPattern>> = {
  kept: { color: 'green', lightMs: 400, beeps: 1, beepMs: 80 },
  kept_unknown: { color: 'green', lightMs: 400, beeps: 2, beepMs: 80 },
  refused: { color: 'red', lightMs: 800, beeps: 3, beepMs: 150 },
};
