import {
  forecast,
  type Periods,
  reaches,
  shownPercent,
  standingOf,
  type Thresholds,
} from '../../statistics/share.js';
import type { CourseThresholds } from '../../statistics/thresholds.js';
import type { Distribution, StatisticsItem, StudentSummary } from '../contracts/statistics.js';

/** A row of `attendance_statistics` with the names of its course and group. */
export interface CourseRow {
  course_code: string;
  course_title: string;
  course_type: string;
  counts_in_aggregate: boolean;
  section_id: string;
  section_name: string;
  programme_id: string | null;
  total_sessions: number;
  present_count: number;
  late_count: number;
  absent_count: number;
  excused_count: number;
  pending_count: number;
  held_periods: number;
  attended_periods: number;
  bonus_periods: number;
  excused_periods: number;
  pending_periods: number;
}

export interface OutlookRow {
  remaining_periods: number | null;
  outlook_from: string | null;
}

const COURSE_COLUMN_NAMES = {
  course_code: 'c.code',
  course_title: 'c.title',
  course_type: 'c.course_type',
  counts_in_aggregate: 'c.counts_in_aggregate',
  section_id: 'g.id',
  section_name: 'g.name',
  programme_id: 'g.programme_id',
  total_sessions: 's.total_sessions',
  present_count: 's.present_count',
  late_count: 's.late_count',
  absent_count: 's.absent_count',
  excused_count: 's.excused_count',
  pending_count: 's.pending_count',
  held_periods: 's.held_periods',
  attended_periods: 's.attended_periods',
  bonus_periods: 's.bonus_periods',
  excused_periods: 's.excused_periods',
  pending_periods: 's.pending_periods',
} as const satisfies Record<keyof CourseRow, string>;

/** Over `attendance_statistics s JOIN course c JOIN section g`. */
export const COURSE_COLUMNS = Object.entries(COURSE_COLUMN_NAMES)
  .map(([name, sql]) => `${sql} AS ${name}`)
  .join(', ');
export const COURSE_OBJECT = `jsonb_build_object(${Object.entries(COURSE_COLUMN_NAMES)
  .map(([name, sql]) => `'${name}', ${sql}`)
  .join(', ')})`;

/** A bonus counts up to what was held (domain case 70). */
export const withBonus = ({
  held_periods: held,
  attended_periods,
  bonus_periods,
}: Pick<CourseRow, 'held_periods' | 'attended_periods' | 'bonus_periods'>): Periods => ({
  held,
  attended: Math.min(attended_periods + bonus_periods, held),
});

export interface Beside {
  excused_periods: number;
  pending_periods: number;
}

/** What every share says of itself. */
export function toShare(periods: Periods, beside: Beside, thresholds: Thresholds) {
  const standing = standingOf(periods, thresholds);
  return {
    held_periods: periods.held,
    attended_periods: periods.attended,
    excused_periods: beside.excused_periods,
    pending_periods: beside.pending_periods,
    attendance_percentage: shownPercent(periods),
    standing,
    is_eligible_for_exam: standing === 'enough' || standing === 'no_basis',
    threshold_percent: thresholds.enough,
  };
}

export function toOutlook(
  periods: Periods,
  { remaining_periods, outlook_from, pending_periods }: OutlookRow & Pick<Beside, 'pending_periods'>,
  { enough }: Thresholds,
) {
  const remaining = remaining_periods === null ? null : remaining_periods + pending_periods;
  const { attendNext, mayMiss, canReach } = forecast(periods, enough, remaining);
  return {
    attend_next: attendNext,
    may_miss: mayMiss,
    remaining_periods,
    outlook_from: remaining_periods === null ? null : outlook_from,
    can_reach: canReach,
  };
}

export function toCourseItem(
  row: CourseRow,
  thresholds: CourseThresholds,
): Omit<StatisticsItem, 'student' | 'academic_period' | 'last_calculated'> {
  const periods = withBonus(row);
  const { courseMinimum } = thresholds;
  return {
    section: { id: row.section_id, name: row.section_name },
    course: { code: row.course_code, title: row.course_title },
    total_sessions: row.total_sessions,
    present_count: row.present_count,
    late_count: row.late_count,
    absent_count: row.absent_count,
    excused_count: row.excused_count,
    pending_count: row.pending_count,
    ...toShare(periods, row, thresholds),
    bonus_periods: row.bonus_periods,
    counts_in_aggregate: row.counts_in_aggregate,
    is_below_course_minimum: periods.held > 0 && !reaches(periods.attended, periods.held, courseMinimum),
  };
}

export type AggregateRow = Beside &
  OutlookRow & {
    held_periods: number;
    attended_periods: number;
    credit_held_periods: number;
    credit_attended_periods: number;
  };

export function toAggregate(
  row: AggregateRow,
  thresholds: Thresholds,
): NonNullable<StudentSummary['aggregate']> {
  const periods = {
    held: row.held_periods + row.credit_held_periods,
    attended: Math.min(
      row.attended_periods + row.credit_attended_periods,
      row.held_periods + row.credit_held_periods,
    ),
  };
  return {
    ...toShare(periods, row, thresholds),
    ...toOutlook(periods, row, thresholds),
    credit_held_periods: row.credit_held_periods,
    credit_attended_periods: row.credit_attended_periods,
  };
}

/** How many students have the same numbers. */
export interface Pooled {
  held: number;
  attended: number;
  pending: number;
  students: number;
}

/** Many students as one share, and how many of them stand where, each by the thresholds of its own programme. */
export function toPool<Row extends Pooled>(rows: readonly Row[], thresholdsFor: (row: Row) => Thresholds) {
  const standings: Distribution = { enough: 0, condonable: 0, short: 0, no_basis: 0 };
  const sum = { held: 0, attended: 0, pending: 0, students: 0 };
  const percents = new Set<number>();
  for (const row of rows) {
    const thresholds = thresholdsFor(row);
    percents.add(thresholds.enough);
    standings[standingOf(row, thresholds)] += row.students;
    sum.held += row.held * row.students;
    sum.attended += row.attended * row.students;
    sum.pending += row.pending * row.students;
    sum.students += row.students;
  }
  const [percent = null] = percents;
  return {
    students: sum.students,
    held_periods: sum.held,
    attended_periods: sum.attended,
    pending_periods: sum.pending,
    attendance_percentage: shownPercent(sum),
    threshold_percent: percents.size === 1 ? percent : null,
    standings,
  };
}
