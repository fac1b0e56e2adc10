/**
 * What a person at the reader is told.
 *
 * - `kept`: the punch is on disk and the card is known. Green, one beep.
 * - `kept_unknown`: on disk, but nobody on the roster has this card. Green, two beeps: green always and only
 *   means kept (design §1, promise 1).
 * - `refused`: not on disk (disk full, store failed). Red, three beeps.
 */
export type FeedbackSignal = 'kept' | 'kept_unknown' | 'refused';
