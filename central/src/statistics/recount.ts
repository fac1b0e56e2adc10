import type { Knex } from '../db/database.js';
import { AGGREGATED, aggregateSql, COUNTERS, columns, each, KEY, SUMMED } from './counted.js';
import { foldHeld, holdStatistics } from './fold.js';

const CHUNK_ROWS = 10_000;
/** Differences told in the alarm; the numbers are made right whatever their count. */
const DIFFERENCES_TOLD_MAX = 20;

export interface Recount {
  rowsCompared: number;
  rowsDifferent: number;
}

interface Difference {
  student_id: string;
  what: object;
}

/**
 * Counts one period anew from its records and compares every number with what was kept up to date (domain case
 * 145). A difference is a defect or a hand in the database: an alarm tells it, and the students concerned are
 * counted anew from nothing. The marks are the truth and are not touched.
 */
export async function recountPeriod(knex: Knex, periodId: string, nowMs: number): Promise<Recount> {
  return knex.transaction(async (trx) => {
    await holdStatistics(trx);
    await foldAll(trx, nowMs);
    const { rows } = await trx.raw<{ rows: { student_id: string | null; what: object; compared: number }[] }>(
      COMPARE_SQL,
      { period: periodId } as never,
    );
    const differences = rows.filter(
      (row): row is (typeof rows)[number] & Difference => row.student_id !== null,
    );
    if (differences.length > 0) {
      await alarm(trx, periodId, { differences, nowMs });
      await countFromNothing(trx, periodId, [...new Set(differences.map(({ student_id }) => student_id))]);
      await foldAll(trx, nowMs);
    }
    return { rowsCompared: rows[0]?.compared ?? 0, rowsDifferent: differences.length };
  });
}

async function foldAll(trx: Knex, nowMs: number): Promise<void> {
  while ((await foldHeld(trx, CHUNK_ROWS, nowMs)) === CHUNK_ROWS);
}

const zero = (names: readonly string[], table: string): string =>
  each(names, (name) => `coalesce(${table}.${name}, 0)`);

/** Marks that change while this runs wait in the queue: their part is left out of both sides. */
const COMPARE_SQL = `
  WITH waiting AS MATERIALIZED (
    SELECT DISTINCT session_id, student_id FROM statistics_todo WHERE session_id IS NOT NULL
  ), counted AS MATERIALIZED (
    SELECT ${columns(KEY)},
      ${SUMMED}
    FROM (SELECT d.*, 1 AS sign FROM statistics_due d LEFT JOIN waiting w USING (session_id, student_id)
      WHERE d.academic_period_id = :period AND w.session_id IS NULL) part
    GROUP BY ${columns(KEY)}
  ), withheld AS (
    SELECT ${columns(KEY)},
      ${SUMMED}
    FROM (SELECT c.*, -1 AS sign FROM statistics_contribution c JOIN waiting w USING (session_id, student_id)
      WHERE c.academic_period_id = :period) part
    GROUP BY ${columns(KEY)}
  ), kept AS MATERIALIZED (
    SELECT ${columns(KEY)}, ${each(COUNTERS, (name) => `sum(${name})::int AS ${name}`)}
    FROM (SELECT ${columns(KEY)}, ${columns(COUNTERS)} FROM attendance_statistics WHERE academic_period_id = :period
      UNION ALL SELECT ${columns(KEY)}, ${columns(COUNTERS)} FROM withheld) part
    GROUP BY ${columns(KEY)}
  ), row_difference AS (
    SELECT student_id, jsonb_build_object('counted', to_jsonb(counted), 'kept', to_jsonb(kept)) AS what
    FROM counted FULL JOIN kept USING (${columns(KEY)})
    WHERE (${zero(COUNTERS, 'counted')}) IS DISTINCT FROM (${zero(COUNTERS, 'kept')})
  ), touched AS MATERIALIZED (
    SELECT student_id, academic_period_id FROM attendance_statistics WHERE academic_period_id = :period
    UNION SELECT student_id, academic_period_id FROM attendance_credit WHERE academic_period_id = :period
    UNION SELECT student_id, academic_period_id FROM aggregate_statistics WHERE academic_period_id = :period
    EXCEPT SELECT student_id, academic_period_id FROM statistics_todo WHERE session_id IS NULL
  ), sums AS MATERIALIZED (${aggregateSql('attendance_statistics')}
  ), aggregate_difference AS (
    SELECT sums.student_id, jsonb_build_object('counted', to_jsonb(sums), 'kept', to_jsonb(a)) AS what
    FROM sums LEFT JOIN aggregate_statistics a
      ON a.student_id = sums.student_id AND a.academic_period_id = sums.academic_period_id
    WHERE (${columns(AGGREGATED, 'sums.')}) IS DISTINCT FROM (${zero(AGGREGATED, 'a')})
  )
  SELECT d.student_id, d.what, (SELECT count(*) FROM kept)::int + (SELECT count(*) FROM sums)::int AS compared
  FROM (SELECT) one LEFT JOIN (
    SELECT * FROM row_difference UNION ALL SELECT * FROM aggregate_difference
  ) d ON true`;

async function alarm(
  trx: Knex,
  periodId: string,
  { differences, nowMs }: { differences: readonly Difference[]; nowMs: number },
): Promise<void> {
  await trx('exception_item').insert({
    at: new Date(nowMs),
    code: 'STATISTICS_DIFFER',
    message:
      'The recount of the marks gave other numbers than were kept: they have been made right; find out who changed the database by hand, or report a defect',
    detail: JSON.stringify({
      academic_period_id: periodId,
      rows: differences.length,
      first: differences.slice(0, DIFFERENCES_TOLD_MAX).map(({ what }) => what),
    }),
  });
}

async function countFromNothing(trx: Knex, periodId: string, studentIds: readonly string[]): Promise<void> {
  for (const table of ['statistics_contribution', 'attendance_statistics', 'aggregate_statistics']) {
    await trx(table).where({ academic_period_id: periodId }).whereIn('student_id', studentIds).delete();
  }
  await trx.raw(
    `INSERT INTO statistics_todo (session_id, student_id)
     SELECT r.session_id, r.student_id FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id
     WHERE r.student_id = ANY(?::uuid[]) AND s.academic_period_id = ?`,
    [studentIds as never, periodId],
  );
  await trx.raw(
    'INSERT INTO statistics_todo (student_id, academic_period_id) SELECT student_id, ? FROM unnest(?::uuid[]) AS t (student_id)',
    [periodId, studentIds as never],
  );
}
