import type { SettingKey } from '../../rules/setting-keys.js';

/** Looked up for the class at hand when they count: their proofs hold for a programme and a type of course as well. */
export const ASKED_BY_CLASS = [
  'OFFLINE_SYNC_MAX_DELTA_MINUTES',
  'MAX_CORRECTION_DAYS',
  'QR_ROTATE_SECONDS',
  'QR_SKEW_SECONDS',
  'QR_TOKEN_EXPIRY_MINUTES',
  'ALLOW_QR_SELF_MARK',
  'GPS_VERIFICATION',
  'GEOFENCE_RADIUS_METERS',
  'LOCATION_MAX_AGE_SECONDS',
  'LOCATION_MAX_ACCURACY_METERS',
  'AUTO_OPEN_SESSIONS',
  'AUTO_CLOSE_SESSIONS',
  'AUTO_MARK_ABSENT',
  'AUTO_LOCK',
  'SEND_ATTENDANCE_NOTIFICATIONS',
  'ATTENDANCE_THRESHOLD_PERCENT',
  'CONDONE_THRESHOLD_PERCENT',
  'SUBJECT_MIN_PERCENT',
] as const satisfies readonly SettingKey[];

/** Of the classes of the proofs, and of none of them. */
export const OWN_SCOPES = [
  { scope_kind: 'programme', scope_id: 'btech' },
  { scope_kind: 'course_type', scope_id: 'theory' },
] as const;
export const OTHER_SCOPES = [
  { scope_kind: 'programme', scope_id: 'mtech' },
  { scope_kind: 'course_type', scope_id: 'audit' },
] as const;
