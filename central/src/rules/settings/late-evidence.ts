import { asked, days, hours, minutes, ofCampus, type SettingSpec } from './spec.js';

/** How long evidence and corrections may come after the class (domain A4, cases 81, 82, 132). */
export const LATE_EVIDENCE_SETTINGS = {
  OFFLINE_SYNC_MAX_DELTA_MINUTES: {
    ...minutes,
    ...asked,
    default: 120,
    min: 1,
    max: 10_080,
    meaning:
      'Marks from a phone that was offline are applied up to this age, inclusive; older ones are reviewed.',
  },
  GATEWAY_SYNC_MAX_AGE_HOURS: {
    ...hours,
    ...ofCampus(
      'a gateway brings the punches of all classes of its building, and is believed or not as a whole',
    ),
    default: 72,
    min: 1,
    max: 720,
    meaning: 'Punches of a gateway are applied up to this age; older ones are reviewed.',
  },
  MAX_CORRECTION_DAYS: {
    ...days,
    ...asked,
    default: 7,
    min: 0,
    max: 90,
    meaning: 'A correction can be asked for until the end of this many days after the date of the class.',
  },
} as const satisfies Record<string, SettingSpec>;
