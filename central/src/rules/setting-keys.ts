interface Described {
  meaning: string;
  /** Stamped on every class session with its policy: a later change never re-judges a class that was held. */
  isStamped: boolean;
  /** Nobody asks for it by programme or type of course: a narrower scope would change nothing. */
  isCampusWide?: boolean;
}

export interface IntegerSetting extends Described {
  type: 'integer';
  default: number;
  min: number;
  max: number;
  unit: string;
}

export interface BooleanSetting extends Described {
  type: 'boolean';
  default: boolean;
  /** Types of course that have another default. */
  defaultFor?: Readonly<Record<string, boolean>>;
}

export interface TextSetting extends Described {
  type: 'string';
  default: string;
  /** The only values; where it is absent, `pattern` says what a value looks like. */
  choices?: readonly string[];
  pattern?: RegExp;
  form: string;
}

export type SettingSpec = IntegerSetting | BooleanSetting | TextSetting;

const minutes = { type: 'integer', unit: 'minutes' } as const;
const hours = { type: 'integer', unit: 'hours' } as const;
const seconds = { type: 'integer', unit: 'seconds' } as const;
const days = { type: 'integer', unit: 'days' } as const;
const percent = { type: 'integer', unit: 'percent' } as const;
const flag = { type: 'boolean' } as const;
const judged = { isStamped: true } as const;
const asked = { isStamped: false } as const;
const campusWide = { isStamped: false, isCampusWide: true } as const;

/**
 * Every setting of the college (domain A4, D0): the one place that names them. What is not here is refused,
 * when it is written and when it is read.
 */
export const SETTINGS = {
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
    meaning: 'Who stays from the class before is pending until a capture or the faculty member confirms it.',
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
    meaning: 'A card alone is pending until a finger or the faculty member confirms it.',
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
    meaning: 'The letters of the register and the mark that each of them is.',
  },
  // Evidence that comes late
  OFFLINE_SYNC_MAX_DELTA_MINUTES: {
    ...minutes,
    ...campusWide,
    default: 120,
    min: 1,
    max: 10_080,
    meaning:
      'Marks from a phone that was offline are applied up to this age, inclusive; older ones are reviewed.',
  },
  GATEWAY_SYNC_MAX_AGE_HOURS: {
    ...hours,
    ...campusWide,
    default: 72,
    min: 1,
    max: 720,
    meaning: 'Punches of a gateway are applied up to this age; older ones are reviewed.',
  },
  MAX_CORRECTION_DAYS: {
    ...days,
    ...campusWide,
    default: 7,
    min: 0,
    max: 90,
    meaning: 'A correction can be asked for until the end of this many days after the date of the class.',
  },
  // Leave and corrections
  LEAVE_HOD_AFTER_DAYS: {
    ...days,
    ...asked,
    default: 3,
    min: 0,
    max: 366,
    meaning: 'Leave of more calendar days than this is decided by the head of the department.',
  },
  LEAVE_PRINCIPAL_AFTER_DAYS: {
    ...days,
    ...asked,
    default: 10,
    min: 0,
    max: 366,
    meaning: 'Leave of more calendar days than this is decided by the principal.',
  },
  MEDICAL_DOCUMENT_AFTER_DAYS: {
    ...days,
    ...asked,
    default: 2,
    min: 0,
    max: 366,
    meaning: 'Medical leave of more calendar days than this is submitted with a document.',
  },
  LEAVE_COUNTS_AS: {
    type: 'string',
    ...asked,
    default: 'medical:missed,maternity:missed,on_duty:attended,sport:attended',
    pattern:
      /^(medical|maternity|on_duty|sport|personal|emergency|other):(attended|missed|excluded)(,(medical|maternity|on_duty|sport|personal|emergency|other):(attended|missed|excluded)){0,6}$/,
    form: 'kinds of leave and what each is for the percentage, as in on_duty:attended,personal:missed',
    meaning: 'What an excused class is for the percentage; a kind that is not named is excluded.',
  },
  WEEKLY_OFF_DAYS: {
    type: 'string',
    ...asked,
    default: 'SUN',
    pattern: /^(NONE|(MON|TUE|WED|THU|FRI|SAT|SUN)(,(MON|TUE|WED|THU|FRI|SAT|SUN)){0,5})$/,
    form: 'days as in SAT,SUN, or NONE',
    meaning: 'Days of the week that are no working days, unless the calendar says so of one.',
  },
  AFTERNOON_STARTS_AT: {
    type: 'string',
    ...asked,
    default: '13:00',
    pattern: /^([01]\d|2[0-3]):[0-5]\d$/,
    form: 'a time of day, as in 13:00',
    meaning: 'Where half a day of leave ends or begins.',
  },
  EXAM_LIST_DATE: {
    type: 'string',
    ...asked,
    default: 'none',
    pattern: /^(none|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$/,
    form: 'a date, as in 2026-11-10, or none',
    meaning: 'When the list of students who may sit the examination is made.',
  },
  COUNTERSIGN_DAYS: {
    ...days,
    ...asked,
    default: 14,
    min: 0,
    max: 60,
    meaning:
      'This long before the exam list, whoever corrects a mark of their own that lifts a student over a threshold needs a second signature.',
  },
  // Codes on the screen
  QR_ROTATE_SECONDS: {
    ...seconds,
    ...campusWide,
    default: 10,
    min: 5,
    max: 120,
    meaning: 'The code on the screen changes this often.',
  },
  QR_SKEW_SECONDS: {
    ...seconds,
    ...campusWide,
    default: 5,
    min: 0,
    max: 60,
    meaning: 'A code is accepted this long after its step.',
  },
  QR_TOKEN_EXPIRY_MINUTES: {
    ...minutes,
    ...campusWide,
    default: 60,
    min: 1,
    max: 480,
    meaning: 'A code screen ends by itself after this long.',
  },
  ALLOW_QR_SELF_MARK: {
    ...flag,
    ...campusWide,
    default: true,
    meaning: 'Students may mark themselves by scanning the code on the screen.',
  },
  GPS_VERIFICATION: {
    ...flag,
    ...campusWide,
    default: false,
    meaning: 'A scan needs a location inside the fence of the room.',
  },
  GEOFENCE_RADIUS_METERS: {
    type: 'integer',
    unit: 'm',
    ...campusWide,
    default: 75,
    min: 10,
    max: 2000,
    meaning: 'Fence around a room that has no radius of its own and whose building has no outline.',
  },
  LOCATION_MAX_AGE_SECONDS: {
    ...seconds,
    ...campusWide,
    default: 60,
    min: 5,
    max: 600,
    meaning: 'An older location is none.',
  },
  LOCATION_MAX_ACCURACY_METERS: {
    type: 'integer',
    unit: 'm',
    ...campusWide,
    default: 100,
    min: 10,
    max: 1000,
    meaning: 'A location less accurate than this is none.',
  },
  CAMPUS_NETWORKS: {
    type: 'string',
    ...campusWide,
    default: 'none',
    pattern: /^(none|[0-9a-fA-F.:]{2,39}\/\d{1,3}(,[0-9a-fA-F.:]{2,39}\/\d{1,3}){0,19})$/,
    form: 'networks as in 10.20.0.0/16,2001:db8::/32, or none',
    meaning: 'A scan from one of these networks is verified. Another network refuses nobody.',
  },
  // Readers
  BIOMETRIC_ENABLED: {
    ...flag,
    ...judged,
    default: true,
    meaning: 'Captures of fingers and faces count.',
  },
  RFID_ENABLED: {
    ...flag,
    ...judged,
    default: true,
    meaning: 'Captures of cards count.',
  },
  // What runs by itself
  AUTO_OPEN_SESSIONS: { ...flag, ...campusWide, default: true, meaning: 'Classes open by themselves.' },
  AUTO_CLOSE_SESSIONS: { ...flag, ...campusWide, default: true, meaning: 'Classes close by themselves.' },
  AUTO_MARK_ABSENT: {
    ...flag,
    ...campusWide,
    default: true,
    meaning:
      'Classes whose devices have all reported become final by themselves, and who was not seen absent.',
  },
  AUTO_LOCK: {
    ...flag,
    ...campusWide,
    default: true,
    meaning: 'Classes lock by themselves when the time for corrections is over and none is waiting.',
  },
  SEND_ATTENDANCE_NOTIFICATIONS: {
    ...flag,
    ...campusWide,
    default: true,
    meaning: 'Students are told when a mark of theirs changes for the better.',
  },
  // Reports
  ATTENDANCE_THRESHOLD_PERCENT: {
    ...percent,
    ...asked,
    default: 75,
    min: 0,
    max: 100,
    meaning: 'Attendance needed for the examination.',
  },
  CONDONE_THRESHOLD_PERCENT: {
    ...percent,
    ...asked,
    default: 65,
    min: 0,
    max: 100,
    meaning: 'Attendance from which a shortage can be condoned.',
  },
  SUBJECT_MIN_PERCENT: {
    ...percent,
    ...asked,
    default: 0,
    min: 0,
    max: 100,
    meaning: 'Attendance needed in each course by itself; 0 switches it off.',
  },
  MANUAL_SHARE_MAX_PERCENT: {
    ...percent,
    ...campusWide,
    default: 15,
    min: 0,
    max: 100,
    meaning: 'A faculty member who marks more of a week by hand is listed for the head of department.',
  },
  ATTENDANCE_DATA_RETENTION_YEARS: {
    type: 'integer',
    unit: 'years',
    ...campusWide,
    default: 7,
    min: 1,
    max: 30,
    meaning: 'Marks are kept this long.',
  },
  DEFAULT_TIMEZONE: {
    type: 'string',
    ...campusWide,
    default: 'Asia/Kolkata',
    pattern: /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+){0,2}$/,
    form: 'a zone of the IANA list, as in Asia/Kolkata',
    meaning: 'Zone of a campus that is made without one.',
  },
} as const satisfies Record<string, SettingSpec>;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

type ValueOf<S> = S extends IntegerSetting ? number : S extends BooleanSetting ? boolean : string;
export type Settings = { -readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export type StampedKey = {
  [K in SettingKey]: (typeof SETTINGS)[K]['isStamped'] extends true ? K : never;
}[SettingKey];
export const STAMPED_KEYS = SETTING_KEYS.filter((key): key is StampedKey => SETTINGS[key].isStamped);

export const isSettingKey = (text: string): text is SettingKey => Object.hasOwn(SETTINGS, text);

export function specOf(key: SettingKey): SettingSpec {
  return SETTINGS[key];
}

/** What a key is where nobody set it. */
export function defaultOf(key: SettingKey, courseType?: string): number | boolean | string {
  const spec = specOf(key);
  if (spec.type === 'boolean' && courseType !== undefined)
    return spec.defaultFor?.[courseType] ?? spec.default;
  return spec.default;
}
