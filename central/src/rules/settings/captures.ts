import { flag, hours, judged, minutes, percent, type SettingSpec, seconds } from './spec.js';

/** When captures count and what they mean (domain A4, D2, D3). Each class keeps those that it was stamped with. */
export const CAPTURE_SETTINGS = {
  // When captures count
  EARLY_OPEN_MINUTES: {
    ...minutes,
    ...judged,
    default: 10,
    min: 0,
    max: 30,
    meaning: 'Captures count, and the class opens, this long before the start.',
  },
  GRACE_PERIOD_MINUTES: {
    ...minutes,
    ...judged,
    default: 5,
    min: 0,
    max: 60,
    meaning: 'A capture up to this long after the start, inclusive, is present.',
  },
  LATE_CUTOFF_MINUTES: {
    ...minutes,
    ...judged,
    default: 20,
    min: 0,
    max: 240,
    meaning: 'A capture up to this long after the start, inclusive, is late; after it, absent.',
  },
  CLOSE_GRACE_MINUTES: {
    ...minutes,
    ...judged,
    default: 5,
    min: 0,
    max: 60,
    meaning: 'Captures count, and the class stays open, until this long after the end.',
  },
  DEBOUNCE_SECONDS: {
    ...seconds,
    ...judged,
    default: 60,
    min: 0,
    max: 600,
    meaning: 'Captures of one person in one room within this time are one presentation.',
  },
  WATERMARK_MAX_WAIT_HOURS: {
    ...hours,
    ...judged,
    default: 48,
    min: 1,
    max: 720,
    meaning: 'A closed class waits this long for silent devices before a person is asked.',
  },
  // What captures mean
  MIN_DURATION_FOR_PRESENT_MINUTES: {
    ...minutes,
    ...judged,
    default: 10,
    min: 0,
    max: 600,
    meaning: 'Where exits are captured: whoever was inside for less is absent. 0 switches it off.',
  },
  MIN_DURATION_FOR_PRESENT_PERCENT: {
    ...percent,
    ...judged,
    default: 0,
    min: 0,
    max: 100,
    meaning: 'As above, in percent of the class; above 0 it counts instead of the minutes.',
  },
  CARRY_EARLY: {
    ...flag,
    ...judged,
    default: true,
    meaning: 'A capture in the half hour before the window counts for who is still in the room at the start.',
  },
  CONTIGUOUS_CARRY: {
    ...flag,
    ...judged,
    default: true,
    meaning:
      'Who stays in the room from the class before, of the same group, is present without another capture.',
  },
  CONTIGUOUS_GAP_MINUTES: {
    ...minutes,
    ...judged,
    default: 10,
    min: 0,
    max: 60,
    meaning: 'Classes of one group in one room with at most this gap are one block.',
  },
  CAPTURE_PER_PERIOD: {
    ...flag,
    ...judged,
    default: false,
    meaning:
      'Who stays from the class before is pending until a capture, or until the faculty member confirms the headcount.',
  },
  PARTIAL_PERIODS: {
    ...flag,
    ...judged,
    default: false,
    defaultFor: { lab: true },
    meaning:
      'A class of several periods counts those in which the student was inside, where exits are captured.',
  },
  CARD_AND_FINGER: {
    ...flag,
    ...judged,
    default: false,
    meaning:
      'A card alone is pending until a finger, or until the faculty member confirms the headcount; without usable fingers its PIN does, too.',
  },
  WALK_MINUTES: {
    ...minutes,
    ...judged,
    default: 4,
    min: 0,
    max: 60,
    meaning: 'Nobody gets from one building to another in less, unless the two have a time of their own.',
  },
  SUSPENDED_MARK: {
    type: 'string',
    ...judged,
    default: 'absent',
    choices: ['absent', 'not_required'],
    form: 'absent or not_required',
    meaning: 'The mark of a student who is suspended for disciplinary reasons.',
  },
  WITHDRAWN_MARK: {
    type: 'string',
    ...judged,
    default: 'not_required',
    choices: ['absent', 'not_required'],
    form: 'absent or not_required',
    meaning: 'The mark of a student who is withdrawn for medical reasons.',
  },
  MARK_VOCABULARY: {
    type: 'string',
    ...judged,
    default: 'P:present,A:absent,L:late,E:excused',
    pattern: /^[A-Z]{1,4}:(present|absent|late|excused)(,[A-Z]{1,4}:(present|absent|late|excused)){0,19}$/,
    form: 'codes and what each means, as in P:present,A:absent,L:late,E:excused,OD:excused',
    meaning:
      'The letters of the register and the mark that each of them is: what people and files may write, and exports show.',
  },
} as const satisfies Record<string, SettingSpec>;
