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
  CORRECTED: 'An approved correction set this mark',
  CONFIRMED: 'A person confirmed what the captures alone left open',
  TOO_SHORT: 'The student was inside for less than the minimum duration',
  CARRIED: 'The student stayed in the room from the class before',
  CARRIED_EARLY: 'The student came before captures are accepted and was still in the room at the start',
  CAPTURE_PER_PERIOD:
    'The student stayed from the class before; a capture or a confirmation is needed for this one',
  FINGER_NEEDED: 'Only a card was captured; a finger or a confirmation is needed, too',
  PIN_NEEDED: 'Only a card was captured; its PIN or a confirmation is needed, too',
  CONFIRMATION_NEEDED: 'Only a card was captured; the confirmation of the faculty member is needed, too',
  ON_LEAVE: 'An approved leave covers the class',
  SUSPENDED: 'The student was suspended on that date',
  WITHDRAWN: 'The student was withdrawn for medical reasons on that date',
  ON_HOLIDAY: 'It was a holiday for the year, department or section of the student',
  CLASH: 'The student had two classes at this time and went to the other one',
  GUEST: 'The student attended the same class with another batch, as a guest',
  COUNTED_ELSEWHERE:
    'The student was a guest here, and the class of the own batch was locked with that presence: it counts there',
} as const;
export type Reason = keyof typeof REASONS;

/** Why a capture did not count. It is kept and shown all the same. */
export const IGNORE_REASONS = {
  TIME_UNKNOWN: 'No trusted clock could place it in time',
  CREDENTIAL_BLOCKED: 'The card was blocked, lost or returned at that time',
  UNVERIFIED_CLAIM: 'The identity was only claimed and never verified',
  METHOD_OFF: 'Captures of this kind are switched off',
  IMPOSSIBLE_TRAVEL: 'The same student was captured in another building too short a time before or after',
  PRESENCE_ONLY: 'It was taken at a gate, a library or a hostel, which give no class marks',
  WRONG_ROOM: 'It was taken in another room',
  ROOM_MOVED: 'The class had moved to another room by then',
  REDIRECTED:
    'The class moved afterwards, and the student was not captured in the new room within ten minutes',
  EXIT: 'It was taken on the way out',
  BEFORE_WINDOW: 'It is earlier than captures are accepted',
  AFTER_CLOSE: 'It is later than captures are accepted',
  DEBOUNCED: 'It repeats the capture before it at the same room',
  LATER_CAPTURE: 'An earlier capture already decided',
  OUTRANKED: 'Something that outranks captures decided',
} as const;
export type IgnoreReason = keyof typeof IGNORE_REASONS;

/** What is to be known about the evidence of a mark, beside what decided. */
export const FLAGS = {
  CARD_ONLY: 'Only a card was captured although the room has a finger reader',
  CONFLICT: 'The captures say otherwise than the person who decided',
  EXIT_ASSUMED: 'No exit was captured; it is assumed',
  UNVERIFIED: 'The captures alone do not prove who it was',
} as const;
export type Flag = keyof typeof FLAGS;
