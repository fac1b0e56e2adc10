import { instantOf, plusDays } from '../calendar/campus-zone.js';
import type { SettingScope, SettingsAt } from '../calendar/settings.js';
import type { Thresholds } from './share.js';

export interface CourseThresholds extends Thresholds {
  /** SUBJECT_MIN_PERCENT; 0: none. */
  courseMinimum: number;
}

export type ThresholdsOf = (scope?: SettingScope) => CourseThresholds;

export interface PeriodEnd {
  /** Campus-local, included. */
  endsOn: string;
  zone: string;
}

/**
 * The thresholds of a period, by programme and type of course. A period that is over keeps those of its last day: a
 * policy that changes afterwards changes nobody's past (domain case 144).
 */
export function thresholdsOf(
  settingsAt: SettingsAt,
  { endsOn, zone }: PeriodEnd,
  nowMs: number,
): ThresholdsOf {
  const atMs = Math.min(nowMs, instantOf(plusDays(endsOn, 1), '00:00', zone) - 1);
  const known = new Map<string, CourseThresholds>();
  return (scope = {}) => {
    const name = `${scope.programmeId ?? ''}\n${scope.courseType ?? ''}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const settings = settingsAt(atMs, scope);
    const thresholds = {
      enough: settings.ATTENDANCE_THRESHOLD_PERCENT,
      condonable: settings.CONDONE_THRESHOLD_PERCENT,
      courseMinimum: settings.SUBJECT_MIN_PERCENT,
    };
    known.set(name, thresholds);
    return thresholds;
  };
}
