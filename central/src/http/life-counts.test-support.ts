import type { Knex } from '../db/database.js';
import { foldStatistics } from '../statistics/fold.js';
import { recountPeriod } from '../statistics/recount.js';

const ROWS_MAX = 10_000;
const PERIOD = '2026-odd';

/** For tests: what the marks of a day count, and that the counters are their sum. @throws Error naming what is wrong */
export async function checkCounts(knex: Knex, date: string, nowMs: number): Promise<void> {
  while ((await foldStatistics(knex, ROWS_MAX, nowMs)) > 0);
  for (const sql of [COUNTED_SQL, GROUP_SQL, SUMS_SQL]) {
    const { rows } = await knex.raw<{ rows: { problem: string }[] }>(sql, { date, period: PERIOD });
    if (rows[0] !== undefined) throw new Error(rows[0].problem);
  }
}

/** For tests: a count from nothing gives what was kept (domain case 145). @throws Error where it does not */
export async function checkRecount(knex: Knex, nowMs: number): Promise<void> {
  const { rowsDifferent } = await recountPeriod(knex, PERIOD, nowMs);
  if (rowsDifferent > 0) throw new Error(`${rowsDifferent} rows of the statistics differ from a recount`);
}

/** Case 142: what is not held, not required or pending is in no denominator; what is counted is the mark of now. */
const COUNTED_SQL = `
  SELECT 'the mark ' || r.mark || ' of a class that is ' || s.status || ' counts ' || coalesce(c.held_periods::text, 'nothing')
    || ' held and ' || coalesce(c.attended_periods::text, 'nothing') || ' attended' AS problem
  FROM attendance_session s JOIN attendance_record r ON r.session_id = s.id
    LEFT JOIN statistics_contribution c ON c.session_id = r.session_id AND c.student_id = r.student_id
  WHERE s.scheduled_date = :date AND s.counts_in_denominator AND (
    (r.mark IN ('present', 'late', 'absent') AND c.held_periods IS DISTINCT FROM s.period_count)
    OR (r.mark = 'absent' AND c.attended_periods <> 0)
    OR (r.mark IN ('present', 'late') AND c.attended_periods IS DISTINCT FROM coalesce(r.attended_periods, s.period_count))
    OR (r.mark = 'not_required' AND c.session_id IS NOT NULL)
    OR (r.mark = 'pending' AND (c.held_periods <> 0 OR c.pending_periods IS DISTINCT FROM s.period_count))
    OR (s.status IN ('cancelled', 'not_held') AND c.held_periods + c.excused_periods + c.pending_periods > 0))
  UNION ALL
  SELECT 'a class counts for somebody who has no mark in it' FROM attendance_session s
    JOIN statistics_contribution c ON c.session_id = s.id
  WHERE s.scheduled_date = :date AND NOT EXISTS (
    SELECT FROM attendance_record r WHERE r.session_id = s.id AND r.student_id = c.student_id)`;

/**
 * Case 63: a class counts for the group by which the student is in it on its date, the first one where there are several;
 * for somebody who is in none any more, for its first one.
 */
const GROUP_SQL = `
  SELECT 'a class of ' || x.groups || ' counts for ' || c.section_id || ', and the student is in '
    || coalesce(x.own::text, 'none of them') AS problem
  FROM attendance_session s JOIN statistics_contribution c ON c.session_id = s.id
    CROSS JOIN LATERAL (
      SELECT string_agg(x.section_id, ', ') AS groups, array_agg(x.section_id) FILTER (WHERE EXISTS (
        SELECT FROM roster_membership m
        WHERE m.student_id = c.student_id AND m.section_id = x.section_id AND m.valid_during @> s.scheduled_date)) AS own
      FROM session_section x WHERE x.session_id = s.id) x
  WHERE s.scheduled_date = :date AND NOT CASE
    WHEN x.own IS NULL OR s.section_id = ANY(x.own) THEN c.section_id = s.section_id
    ELSE c.section_id = ANY(x.own) END`;

/** Cases 73, 141 and 145. */
const SUMS_SQL = `
  WITH course AS (
    SELECT student_id, course_code, section_id, sum(held_periods) AS held, sum(attended_periods) AS attended,
      sum(excused_periods) AS excused, sum(pending_periods) AS pending
    FROM statistics_contribution WHERE academic_period_id = :period GROUP BY 1, 2, 3
  ), kept AS (
    SELECT student_id, course_code, section_id, held_periods AS held, attended_periods AS attended,
      excused_periods AS excused, pending_periods AS pending
    FROM attendance_statistics WHERE academic_period_id = :period
  )
  SELECT 'the statistics of ' || course_code || ' are not the sum of its classes' AS problem
  FROM course c FULL JOIN kept k USING (student_id, course_code, section_id)
  WHERE (coalesce(c.held, 0), coalesce(c.attended, 0), coalesce(c.excused, 0), coalesce(c.pending, 0))
    IS DISTINCT FROM (coalesce(k.held, 0), coalesce(k.attended, 0), coalesce(k.excused, 0), coalesce(k.pending, 0))
  UNION ALL
  SELECT 'an aggregate is not the sum of its courses and credits' FROM aggregate_statistics a
    CROSS JOIN LATERAL (SELECT coalesce(sum(held), 0) AS held, coalesce(sum(attended), 0) AS attended
      FROM kept WHERE student_id = a.student_id) k
    CROSS JOIN LATERAL (SELECT coalesce(sum(held_periods), 0) AS held, coalesce(sum(attended_periods), 0) AS attended
      FROM attendance_credit WHERE student_id = a.student_id AND academic_period_id = :period) credit
  WHERE a.academic_period_id = :period AND (a.held_periods, a.attended_periods, a.credit_held_periods, a.credit_attended_periods)
    IS DISTINCT FROM (k.held, k.attended, credit.held, credit.attended)
  UNION ALL
  SELECT 'a credit that nobody counts' FROM attendance_credit c WHERE academic_period_id = :period AND NOT EXISTS (
    SELECT FROM aggregate_statistics a WHERE a.student_id = c.student_id AND a.academic_period_id = :period)
  UNION ALL
  SELECT 'one credit twice' FROM attendance_credit
  GROUP BY student_id, academic_period_id, kind, course_code, exam_date HAVING count(*) > 1`;
