import { days, isCalendarDate, ofCampus, ofProgramme, type SettingSpec } from './spec.js';

/** Leave, the days of the week, and corrections shortly before the list for the examination (domain A4, cases 124 to 135). */
export const LEAVE_SETTINGS = {
  LEAVE_HOD_AFTER_DAYS: {
    ...days,
    ...ofProgramme('leave is asked for a student and all courses of the day'),
    default: 3,
    min: 0,
    max: 366,
    meaning: 'Leave of more calendar days than this is decided by the head of the department.',
  },
  LEAVE_PRINCIPAL_AFTER_DAYS: {
    ...days,
    ...ofProgramme('leave is asked for a student and all courses of the day'),
    default: 10,
    min: 0,
    max: 366,
    meaning: 'Leave of more calendar days than this is decided by the principal.',
  },
  MEDICAL_DOCUMENT_AFTER_DAYS: {
    ...days,
    ...ofProgramme('leave is asked for a student and all courses of the day'),
    default: 2,
    min: 0,
    max: 366,
    meaning: 'Medical leave of more calendar days than this is submitted with a document.',
  },
  LEAVE_COUNTS_AS: {
    type: 'string',
    ...ofProgramme('leave is asked for a student and all courses of the day'),
    default: 'medical:missed,maternity:missed,on_duty:attended,sport:attended',
    pattern:
      /^(medical|maternity|on_duty|sport|personal|emergency|other):(attended|missed|excluded)(,(medical|maternity|on_duty|sport|personal|emergency|other):(attended|missed|excluded)){0,6}$/,
    form: 'kinds of leave and what each is for the percentage, as in on_duty:attended,personal:missed',
    meaning: 'What an excused class is for the percentage; a kind that is not named is excluded.',
  },
  WEEKLY_OFF_DAYS: {
    type: 'string',
    ...ofCampus('the week of a campus is the same for everybody on it'),
    default: 'SUN',
    pattern: /^(NONE|(MON|TUE|WED|THU|FRI|SAT|SUN)(,(MON|TUE|WED|THU|FRI|SAT|SUN)){0,5})$/,
    form: 'days as in SAT,SUN, or NONE',
    meaning: 'Days of the week that are no working days, unless the calendar says so of one.',
  },
  AFTERNOON_STARTS_AT: {
    type: 'string',
    ...ofProgramme('leave is asked for a student and all courses of the day'),
    default: '13:00',
    pattern: /^([01]\d|2[0-3]):[0-5]\d$/,
    form: 'a time of day, as in 13:00',
    meaning: 'Where half a day of leave ends or begins.',
  },
  EXAM_LIST_DATE: {
    type: 'string',
    ...ofProgramme('a programme makes one list, of all courses'),
    default: 'none',
    pattern: /^(none|\d{4}-\d{2}-\d{2})$/,
    isPossible: (text) => text === 'none' || isCalendarDate(text),
    form: 'a date, as in 2026-11-10, or none',
    meaning: 'When the list of students who may sit the examination is made.',
  },
  COUNTERSIGN_DAYS: {
    ...days,
    ...ofProgramme('a programme makes one list, of all courses'),
    default: 14,
    min: 0,
    max: 60,
    meaning:
      'This long before the exam list, whoever corrects a mark of their own that lifts a student over a threshold needs a second signature.',
  },
} as const satisfies Record<string, SettingSpec>;
