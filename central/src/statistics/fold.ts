import type { Knex } from '../db/database.js';
import { refuseMoved } from '../db/moved-rows.js';
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
  const { rows } = await prepared<{ rows: Folded[] }>(trx, FOLD_SQL, [now, rowsMax]);
  const [folded] = rows;
  if (folded === undefined) return 0;
  refuseMoved(folded.contributions, folded.contributions_changed, 'statistics_contribution');
  refuseMoved(folded.counters, folded.counters_changed, 'attendance_statistics');
  if (folded.students !== null) {
    const aggregates = await prepared<{ rows: { found: number; changed: number }[] }>(trx, AGGREGATE_SQL, [
      now,
      folded.students,
      folded.periods,
    ]);
    for (const { found, changed } of aggregates.rows) refuseMoved(found, changed, 'aggregate_statistics');
  }
  return folded.taken;
}

interface Folded {
  taken: number;
  students: string[] | null;
  periods: string[] | null;
  /** Rows that were found, and those of them that were changed there. */
  contributions: number;
  contributions_changed: number;
  counters: number;
  counters_changed: number;
}

/** What the records of every `pair` count now: a class is looked up once for all of its students. Those that count nothing have no row. */
export const DUE_SQL = `
    SELECT d.session_id, d.student_id, ${columns(CONTRIBUTED, 'd.')}
    FROM (SELECT session_id, array_agg(student_id) AS students FROM pair GROUP BY session_id) class
      CROSS JOIN LATERAL (
        SELECT * FROM statistics_due WHERE session_id = class.session_id AND student_id = ANY(class.students) OFFSET 0
      ) d`;

/** Beside what they counted; looked up by key, however many records there are. */
const COMPARED_SQL = `
    SELECT due.session_id, due.student_id, was.place,
      ${each(CONTRIBUTED, (name) => `due.${name} AS due_${name}, was.${name} AS was_${name}`)}
    FROM (
        SELECT session_id, student_id, ${columns(CONTRIBUTED)} FROM due
        UNION ALL SELECT session_id, student_id, ${each(CONTRIBUTED, () => 'NULL')} FROM (
          SELECT session_id, student_id FROM pair EXCEPT SELECT session_id, student_id FROM due) nothing
      ) due LEFT JOIN LATERAL (
        SELECT *, ctid AS place FROM statistics_contribution
        WHERE session_id = due.session_id AND student_id = due.student_id OFFSET 0
      ) was ON true
    WHERE (${columns(CONTRIBUTED, 'due.')}) IS DISTINCT FROM (${columns(CONTRIBUTED, 'was.')})`;

const side = (prefix: string, sign: string): string =>
  `SELECT student_id, ${each(CONTRIBUTED, (name) => `${prefix}${name} AS ${name}`)}, ${sign} AS sign
      FROM compared WHERE ${prefix}mark IS NOT NULL`;

interface Sought {
  rows: string;
  table: string;
  /** Of the table, and of the rows. */
  key: readonly string[];
  /** As many of the first columns of the key as leave few rows of a student. */
  few: number;
  /** Columns of both: rows that the table has with the same are left out. */
  changed?: readonly string[];
}

/**
 * The rows, each with the place of the one that the table has with its key. There it stays until it is changed, since nobody
 * else changes the statistics; an upsert would look for it once more and lock it in a write of its own. By the whole key another
 * index would be taken while the table is small, of all students of a section.
 */
const foundSql = ({ rows, table, key, few, changed }: Sought): string => {
  const equal = (names: readonly string[]): string => each(names, (name) => `${name} = x.${name}`, ' AND ');
  const isChanged = (names: readonly string[]): string =>
    `(${columns(names, 'x.')}) IS DISTINCT FROM (${columns(names, 'was.')})`;
  return `
    SELECT x.*, was.place
    FROM ${rows} x LEFT JOIN LATERAL (
        SELECT * FROM (SELECT *, ctid AS place FROM ${table} WHERE ${equal(key.slice(0, few))} OFFSET 0) own
        WHERE ${equal(key.slice(few))} OFFSET 0
      ) was ON true${changed === undefined ? '' : `\n    WHERE ${isChanged(changed)}`}`;
};

const FOLD_SQL = `
  WITH clock AS MATERIALIZED (SELECT ?::timestamptz AS now),
  taken AS (
    DELETE FROM statistics_todo WHERE id = ANY(ARRAY(SELECT id FROM statistics_todo ORDER BY id LIMIT ?))
    RETURNING student_id, session_id, academic_period_id
  ), pair AS MATERIALIZED (
    SELECT DISTINCT session_id, student_id FROM taken WHERE session_id IS NOT NULL
  ), due AS MATERIALIZED (${DUE_SQL}
  ), compared AS MATERIALIZED (${COMPARED_SQL}
  ), renewed AS (
    UPDATE statistics_contribution c SET ${each(CONTRIBUTED, (name) => `${name} = due_${name}`)}
    FROM compared d WHERE c.ctid = d.place AND due_mark IS NOT NULL
    RETURNING 1
  ), added AS (
    INSERT INTO statistics_contribution (session_id, student_id, ${columns(CONTRIBUTED)})
    SELECT session_id, student_id, ${columns(CONTRIBUTED, 'due_')} FROM compared WHERE place IS NULL
  ), taken_back AS (
    DELETE FROM statistics_contribution c USING compared d WHERE c.ctid = d.place AND due_mark IS NULL
    RETURNING 1
  ), delta AS MATERIALIZED (
    SELECT ${columns(KEY)},
      ${SUMMED}
    FROM (${side('due_', '1')} UNION ALL ${side('was_', '-1')}) part
    GROUP BY ${columns(KEY)}
  ), found AS MATERIALIZED (${foundSql({ rows: 'delta', table: 'attendance_statistics', key: KEY, few: 2 })}
  ), counted AS (
    UPDATE attendance_statistics s SET ${each(COUNTERS, (name) => `${name} = s.${name} + f.${name}`)}, last_calculated = now
    FROM found f, clock WHERE s.ctid = f.place
    RETURNING 1
  ), begun AS (
    INSERT INTO attendance_statistics (${columns(KEY)}, ${columns(COUNTERS)}, last_calculated)
    SELECT ${columns(KEY)}, ${columns(COUNTERS)}, now FROM found, clock WHERE place IS NULL
  ), touched AS (
    SELECT student_id, academic_period_id FROM delta
    UNION SELECT student_id, academic_period_id FROM taken WHERE session_id IS NULL
  )
  SELECT (SELECT count(*)::int FROM taken) AS taken, array_agg(student_id::text) AS students,
    array_agg(academic_period_id) AS periods,
    (SELECT count(place)::int FROM compared) AS contributions,
    (SELECT count(*)::int FROM renewed) + (SELECT count(*)::int FROM taken_back) AS contributions_changed,
    (SELECT count(place)::int FROM found) AS counters, (SELECT count(*)::int FROM counted) AS counters_changed
  FROM touched`;

/** From the few rows of each student, which the statement before has changed. */
const AGGREGATE_SQL = `
  WITH clock AS MATERIALIZED (SELECT ?::timestamptz AS now),
  touched AS MATERIALIZED (SELECT * FROM unnest(?::uuid[], ?::text[]) AS t (student_id, academic_period_id)),
  sums AS MATERIALIZED (${aggregateSql('attendance_statistics')}
  ), found AS MATERIALIZED (${foundSql({ rows: 'sums', table: 'aggregate_statistics', key: AGGREGATE_KEY, few: 1, changed: AGGREGATED })}
  ), counted AS (
    UPDATE aggregate_statistics a SET ${each(AGGREGATED, (name) => `${name} = f.${name}`)}, last_calculated = now
    FROM found f, clock WHERE a.ctid = f.place
    RETURNING 1
  ), begun AS (
    INSERT INTO aggregate_statistics (${columns(AGGREGATE_KEY)}, ${columns(AGGREGATED)}, last_calculated)
    SELECT ${columns(AGGREGATE_KEY)}, ${columns(AGGREGATED)}, now FROM found, clock WHERE place IS NULL
  )
  SELECT (SELECT count(place)::int FROM found) AS found, (SELECT count(*)::int FROM counted) AS changed`;
