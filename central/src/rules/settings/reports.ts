import { asked, ofCampus, percent, type SettingSpec } from './spec.js';

/** What marks add up to, and how long they are kept (domain A4, E). */
export const REPORT_SETTINGS = {
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
    ...ofCampus('it is about a faculty member, over all classes of a week'),
    default: 15,
    min: 0,
    max: 100,
    meaning: 'A faculty member who marks more of a week by hand is listed for the head of department.',
  },
  ATTENDANCE_DATA_RETENTION_YEARS: {
    type: 'integer',
    unit: 'years',
    ...ofCampus('an academic period is kept or removed as a whole, with everybody in it'),
    default: 7,
    min: 1,
    max: 30,
    meaning:
      'Classes, marks and statistics are removed this long after the end of their academic period, audit rows a year later. A shorter term counts a month after it was set.',
  },
  DEFAULT_TIMEZONE: {
    type: 'string',
    ...ofCampus('it is asked once, when a campus is made'),
    default: 'Asia/Kolkata',
    pattern: /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+){0,2}$/,
    form: 'a zone of the IANA list, as in Asia/Kolkata',
    meaning: 'Zone of a campus that is made without one.',
  },
} as const satisfies Record<string, SettingSpec>;
