const COUNTED_MARKS = ['present', 'late', 'absent', 'excused', 'pending'] as const;
const PERIODS = [
  'held_periods',
  'attended_periods',
  'excused_periods',
  'pending_periods',
  'bonus_periods',
] as const;

/** What names a row of `attendance_statistics`, in the order of its primary key. */
export const KEY = ['student_id', 'academic_period_id', 'course_code', 'section_id'] as const;
/** What names a row of `aggregate_statistics`, likewise. */
export const AGGREGATE_KEY = ['student_id', 'academic_period_id'] as const;
/** What a row of `attendance_statistics` counts. */
export const COUNTERS: readonly string[] = [...COUNTED_MARKS.map((mark) => `${mark}_count`), ...PERIODS];
/** What `statistics_due` says about a record and `statistics_contribution` remembers of it. */
export const CONTRIBUTED: readonly string[] = [
  'academic_period_id',
  'course_code',
  'section_id',
  'mark',
  ...PERIODS,
];
/** What a row of `aggregate_statistics` counts. */
export const AGGREGATED = [
  'held_periods',
  'attended_periods',
  'excused_periods',
  'pending_periods',
  'credit_held_periods',
  'credit_attended_periods',
] as const;

/** A list of columns, each behind the prefix. */
export const columns = (names: readonly string[], prefix = ''): string =>
  names.map((name) => `${prefix}${name}`).join(', ');

/** Each of the columns, written by the template, one after the other. */
export const each = (
  names: readonly string[],
  write: (name: string, index: number) => string,
  between = ', ',
): string => names.map(write).join(between);

/** The counters, summed over rows with the columns of `statistics_due` and a `sign`; a bonus class counts no mark. */
export const SUMMED = [
  ...COUNTED_MARKS.map(
    (mark) =>
      `sum(sign) FILTER (WHERE mark = '${mark}' AND held_periods + excused_periods + pending_periods > 0) AS ${mark}_count`,
  ),
  ...PERIODS.map((name) => `sum(sign * ${name}) AS ${name}`),
]
  .map((sum) => sum.replace(/^(.*) AS (\w+)$/, 'coalesce($1, 0)::int AS $2'))
  .join(',\n      ');

/**
 * The aggregate of every student and period in `touched`: the sum of the student's courses, a bonus counting up
 * to what was held in its course (domain case 70), credits apart (case 73), and without the courses that have a
 * percentage of their own (case 143). `rows` names a relation with the columns of `attendance_statistics`.
 */
export const aggregateSql = (rows: string): string => `
  SELECT t.student_id, t.academic_period_id, coalesce(sum(per_course.held), 0)::int AS held_periods,
    coalesce(sum(least(per_course.attended + per_course.bonus, per_course.held)), 0)::int AS attended_periods,
    coalesce(sum(per_course.excused), 0)::int AS excused_periods, coalesce(sum(per_course.pending), 0)::int AS pending_periods,
    coalesce(max(credit.held), 0)::int AS credit_held_periods,
    coalesce(max(credit.attended), 0)::int AS credit_attended_periods
  FROM touched t
    LEFT JOIN LATERAL (
      SELECT sum(r.held_periods) AS held, sum(r.attended_periods) AS attended, sum(r.bonus_periods) AS bonus,
        sum(r.excused_periods) AS excused, sum(r.pending_periods) AS pending
      FROM ${rows} r JOIN course c ON c.code = r.course_code
      WHERE r.student_id = t.student_id AND r.academic_period_id = t.academic_period_id AND c.counts_in_aggregate
      GROUP BY r.course_code
    ) per_course ON true
    CROSS JOIN LATERAL (
      SELECT sum(k.held_periods) AS held, sum(k.attended_periods) AS attended
      FROM attendance_credit k LEFT JOIN course c ON c.code = k.course_code
      WHERE k.student_id = t.student_id AND k.academic_period_id = t.academic_period_id
        AND coalesce(c.counts_in_aggregate, true)
    ) credit
  GROUP BY t.student_id, t.academic_period_id`;
