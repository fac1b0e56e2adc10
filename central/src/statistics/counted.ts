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
  SELECT student_id, academic_period_id, sum(held)::int AS held_periods, sum(least(attended + bonus, held))::int AS attended_periods,
    sum(excused)::int AS excused_periods, sum(pending)::int AS pending_periods, sum(credit_held)::int AS credit_held_periods,
    sum(credit_attended)::int AS credit_attended_periods
  FROM (
    SELECT t.student_id, t.academic_period_id, sum(r.held_periods) AS held, sum(r.attended_periods) AS attended,
      sum(r.bonus_periods) AS bonus, sum(r.excused_periods) AS excused, sum(r.pending_periods) AS pending,
      0 AS credit_held, 0 AS credit_attended
    FROM touched t
      CROSS JOIN LATERAL (
        SELECT * FROM ${rows} WHERE student_id = t.student_id AND academic_period_id = t.academic_period_id OFFSET 0
      ) r
      CROSS JOIN LATERAL (SELECT FROM course WHERE code = r.course_code AND counts_in_aggregate OFFSET 0) c
    GROUP BY t.student_id, t.academic_period_id, r.course_code
    UNION ALL
    SELECT t.student_id, t.academic_period_id, 0, 0, 0, 0, 0, k.held_periods, k.attended_periods
    FROM touched t
      CROSS JOIN LATERAL (
        SELECT * FROM attendance_credit WHERE student_id = t.student_id AND academic_period_id = t.academic_period_id OFFSET 0
      ) k
      LEFT JOIN LATERAL (SELECT counts_in_aggregate FROM course WHERE code = k.course_code OFFSET 0) c ON true
    WHERE coalesce(c.counts_in_aggregate, true)
    -- Whoever has nothing left counts nothing.
    UNION ALL SELECT student_id, academic_period_id, 0, 0, 0, 0, 0, 0, 0 FROM touched
  ) part
  GROUP BY student_id, academic_period_id`;
