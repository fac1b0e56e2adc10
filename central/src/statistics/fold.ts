import type { Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import {
  AGGREGATE_KEY,
  AGGREGATED,
  aggregateSql,
  CONTRIBUTED,
  COUNTERS,
  columns,
  each,
  KEY,
  SUMMED,
} from './counted.js';

/** Any constant, as long as only this takes it. */
const STATISTICS_LOCK = 0x726f6c31;

/**
 * Takes waiting pairs from the queue and changes the statistics by the difference between what their records
 * count now and what they counted before: the same pair again, in any order, changes nothing (domain case 145).
 * One at a time over all replicas, so that no difference is taken from a row that another is changing.
 *
 * @returns how many rows of the queue were taken; 0 says that it is empty
 */
export async function foldStatistics(knex: Knex, rowsMax: number, nowMs: number): Promise<number> {
  return knex.transaction(async (trx) => {
    await findByIndex(trx);
    await holdStatistics(trx);
    return foldHeld(trx, rowsMax, nowMs);
  });
}

/** Until the end of the transaction nobody else changes the statistics. */
export async function holdStatistics(trx: Knex): Promise<void> {
  await trx.raw('SELECT pg_advisory_xact_lock(?)', [STATISTICS_LOCK]);
}

/** As `foldStatistics`, by who holds the statistics. */
export async function foldHeld(trx: Knex, rowsMax: number, nowMs: number): Promise<number> {
  const now = new Date(nowMs);
  const { rows } = await prepared<{
    rows: { taken: number; students: string[] | null; periods: string[] | null }[];
  }>(trx, FOLD_SQL, [rowsMax, now]);
  const [folded] = rows;
  if (folded?.students != null) await prepared(trx, AGGREGATE_SQL, [folded.students, folded.periods, now]);
  return folded?.taken ?? 0;
}

/** What the record counts and what it counted; each look-up by key, however many records there are. */
const COMPARED_SQL = `
    SELECT pair.session_id, pair.student_id, ${each(CONTRIBUTED, (name) => `due.${name} AS due_${name}, was.${name} AS was_${name}`)}
    FROM pair
      LEFT JOIN LATERAL (
        SELECT * FROM statistics_due WHERE session_id = pair.session_id AND student_id = pair.student_id OFFSET 0
      ) due ON true
      LEFT JOIN LATERAL (
        SELECT * FROM statistics_contribution WHERE session_id = pair.session_id AND student_id = pair.student_id OFFSET 0
      ) was ON true
    WHERE (${columns(CONTRIBUTED, 'due.')}) IS DISTINCT FROM (${columns(CONTRIBUTED, 'was.')})`;

const side = (prefix: string, sign: string): string =>
  `SELECT student_id, ${each(CONTRIBUTED, (name) => `${prefix}${name} AS ${name}`)}, ${sign} AS sign
      FROM compared WHERE ${prefix}mark IS NOT NULL`;

const FOLD_SQL = `
  WITH taken AS (
    DELETE FROM statistics_todo WHERE id = ANY(ARRAY(SELECT id FROM statistics_todo ORDER BY id LIMIT ?))
    RETURNING student_id, session_id, academic_period_id
  ), pair AS MATERIALIZED (
    SELECT DISTINCT session_id, student_id FROM taken WHERE session_id IS NOT NULL
  ), compared AS MATERIALIZED (${COMPARED_SQL}
  ), renewed AS (
    UPDATE statistics_contribution c SET ${each(CONTRIBUTED, (name) => `${name} = due_${name}`)}
    FROM compared d WHERE c.session_id = d.session_id AND c.student_id = d.student_id
      AND due_mark IS NOT NULL AND was_mark IS NOT NULL
  ), added AS (
    INSERT INTO statistics_contribution (session_id, student_id, ${columns(CONTRIBUTED)})
    SELECT session_id, student_id, ${columns(CONTRIBUTED, 'due_')} FROM compared WHERE was_mark IS NULL
  ), taken_back AS (
    DELETE FROM statistics_contribution c USING compared d
    WHERE c.session_id = d.session_id AND c.student_id = d.student_id AND due_mark IS NULL
  ), delta AS MATERIALIZED (
    SELECT ${columns(KEY)},
      ${SUMMED}
    FROM (${side('due_', '1')} UNION ALL ${side('was_', '-1')}) part
    GROUP BY ${columns(KEY)}
  ), counted AS (
    INSERT INTO attendance_statistics AS s (${columns(KEY)}, ${columns(COUNTERS)}, last_calculated)
    SELECT ${columns(KEY)}, ${columns(COUNTERS)}, ?::timestamptz FROM delta
    ON CONFLICT (${columns(KEY)}) DO UPDATE
    SET ${each(COUNTERS, (name) => `${name} = s.${name} + excluded.${name}`)}, last_calculated = excluded.last_calculated
  ), touched AS (
    SELECT student_id, academic_period_id FROM delta
    UNION SELECT student_id, academic_period_id FROM taken WHERE session_id IS NULL
  )
  SELECT (SELECT count(*)::int FROM taken) AS taken, array_agg(student_id::text) AS students,
    array_agg(academic_period_id) AS periods
  FROM touched`;

/** From the few rows of each student, which the statement before has changed. */
const AGGREGATE_SQL = `
  WITH touched AS MATERIALIZED (SELECT * FROM unnest(?::uuid[], ?::text[]) AS t (student_id, academic_period_id)),
  sums AS (${aggregateSql('attendance_statistics')})
  INSERT INTO aggregate_statistics AS a (${columns(AGGREGATE_KEY)}, ${columns(AGGREGATED)}, last_calculated)
  SELECT ${columns(AGGREGATE_KEY)}, ${columns(AGGREGATED)}, ?::timestamptz FROM sums
  ON CONFLICT (${columns(AGGREGATE_KEY)}) DO UPDATE
  SET ${each(AGGREGATED, (name) => `${name} = excluded.${name}`)}, last_calculated = excluded.last_calculated
  WHERE (${columns(AGGREGATED, 'a.')}) IS DISTINCT FROM (${columns(AGGREGATED, 'excluded.')})`;
