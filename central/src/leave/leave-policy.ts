import { DateTime } from 'luxon';
import type { DeciderLevel } from '../auth/decider.js';
import type { Settings } from '../rules/setting-keys.js';
import type { CountsAs, LeaveType } from './leave-row.js';

/** Both included, as the seed counts them: difference + 1 (domain A1.8). */
export function calendarDays(startDate: string, endDate: string): number {
  const from = DateTime.fromISO(startDate, { zone: 'utc' });
  return Math.round(DateTime.fromISO(endDate, { zone: 'utc' }).diff(from, 'days').days) + 1;
}

/** Who decides leave of this length (domain case 130). */
export function deciderOf(
  days: number,
  settings: Pick<Settings, 'LEAVE_HOD_AFTER_DAYS' | 'LEAVE_PRINCIPAL_AFTER_DAYS'>,
): DeciderLevel {
  if (days > settings.LEAVE_PRINCIPAL_AFTER_DAYS) return 'principal';
  return days > settings.LEAVE_HOD_AFTER_DAYS ? 'hod' : 'faculty';
}

/** Long medical leave is proved (domain case 131). */
export const needsDocument = (
  type: LeaveType,
  days: number,
  settings: Pick<Settings, 'MEDICAL_DOCUMENT_AFTER_DAYS'>,
): boolean => type === 'medical' && days > settings.MEDICAL_DOCUMENT_AFTER_DAYS;

/** What excused classes of this kind of leave are for the percentage (domain case 127). */
export function countsAs(
  type: LeaveType,
  { LEAVE_COUNTS_AS: text }: Pick<Settings, 'LEAVE_COUNTS_AS'>,
): CountsAs {
  // The last one of a kind that is named twice stands, as with every list of settings.
  const named = new Map(text.split(',').map((part) => part.split(':') as [LeaveType, CountsAs]));
  return named.get(type) ?? 'excluded';
}

/** Missed for reasons of health: what a committee condones a shortage on (domain E4.2). */
export const isCondonationEvidence = (type: LeaveType, counts: CountsAs): boolean =>
  counts === 'missed' && (type === 'medical' || type === 'maternity');

const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

/** 0 = Monday. */
export function weeklyOffDays({
  WEEKLY_OFF_DAYS: text,
}: Pick<Settings, 'WEEKLY_OFF_DAYS'>): ReadonlySet<number> {
  return new Set(text === 'NONE' ? [] : text.split(',').map((day) => WEEKDAYS.indexOf(day)));
}
