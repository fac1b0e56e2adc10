/** Why a mark is what it is; shown to the student in words, so a reason is never reused for another meaning. */
export const REASONS = {
  ON_TIME: 'A capture at or before the end of the grace period',
  LATE: 'The first capture is after the grace period and at or before the late cut-off',
  ARRIVED_AFTER_CUTOFF: 'The first capture is after the late cut-off',
  NO_CAPTURE_YET: 'No capture has arrived; devices may still have some to report',
  NO_CAPTURE: 'Every device that serves the room has reported past the end, and none saw the student',
  NOT_ON_ROSTER: 'The student is not on the roster of the section on that date',
  SESSION_NOT_OPEN: 'The class session has not opened',
  SESSION_CANCELLED: 'The class session was cancelled',
  SESSION_NOT_HELD: 'The class session was not held',
  DECIDED_BY_HUMAN: 'A person with the right to do so decided this mark and gave a reason',
  DECIDED_IN_BULK: 'A person marked everybody without evidence together',
} as const;
export type Reason = keyof typeof REASONS;

/** Why a capture did not count. It is kept and shown all the same. */
export const IGNORE_REASONS = {
  TIME_UNKNOWN: 'No trusted clock could place it in time',
  CREDENTIAL_BLOCKED: 'The card was blocked, lost or returned at that time',
  UNVERIFIED_CLAIM: 'The identity was only claimed and never verified',
  WRONG_ROOM: 'It was taken in another room',
  EXIT: 'It was taken on the way out',
  BEFORE_WINDOW: 'It is earlier than captures are accepted',
  AFTER_CLOSE: 'It is later than captures are accepted',
  DEBOUNCED: 'It repeats the capture before it at the same room',
  LATER_CAPTURE: 'An earlier capture already decided',
  OUTRANKED: 'Something that outranks captures decided',
} as const;
export type IgnoreReason = keyof typeof IGNORE_REASONS;
