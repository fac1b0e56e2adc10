import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { holdStatistics } from '../statistics/fold.js';
import { type Kept, keptFrom, loadTerms } from './kept-from.js';

/** Classes of one transaction: some ten thousand marks. */
const CHUNK_SESSIONS = 200;
/** Transactions of one run; what is left waits for the next. */
const CHUNKS_PER_RUN_MAX = 50;

export interface ExpiringPeriod {
  id: string;
  name: string;
  ends_on: string;
  /** The end of the period, or the last class of it where that is later. */
  last_day: string;
  sessions: number;
  records: number;
}

/** A class that was held after the end of its period is kept as long as any other class of its day. */
const LAST_DAY = `greatest(p.ends_on,
  (SELECT max(s.scheduled_date) FROM attendance_session s WHERE s.academic_period_id = p.id))`;

/** Academic periods whose last day is before the day and that still have classes or numbers; never the current one. */
export async function expiringPeriods(knex: Knex, beforeDay: string): Promise<ExpiringPeriod[]> {
  const { rows } = await knex.raw<{ rows: ExpiringPeriod[] }>(
    `SELECT p.id, p.name, p.ends_on, ${LAST_DAY} AS last_day,
       (SELECT count(*) FROM attendance_session s WHERE s.academic_period_id = p.id)::int AS sessions,
       (SELECT count(*) FROM attendance_session s JOIN attendance_record r ON r.session_id = s.id
        WHERE s.academic_period_id = p.id)::int AS records
     FROM academic_period p
     WHERE p.ends_on < ?::date AND NOT p.is_current AND ${LAST_DAY} < ?::date AND (
       EXISTS (SELECT FROM attendance_session s WHERE s.academic_period_id = p.id)
       OR EXISTS (SELECT FROM aggregate_statistics a WHERE a.academic_period_id = p.id)
       OR EXISTS (SELECT FROM attendance_credit k WHERE k.academic_period_id = p.id))
     ORDER BY p.ends_on, p.id`,
    [beforeDay, beforeDay],
  );
  return rows;
}

interface Now {
  zone: string;
  nowMs: number;
}

/**
 * Removes the classes of academic periods that ended before the first day that is kept, with their marks, decisions and
 * corrections, and with the last of them the statistics of the period (domain A3 R20, F4). No percentage of half a
 * semester is left in the end; while a large period goes, which may take some runs, its numbers may count what has gone.
 * Each class leaves an audit row that counts what went, and so does the period (case 159). Punches stay.
 *
 * @returns how many classes went
 */
export async function expireSessions(knex: Knex, now: Now): Promise<number> {
  let removed = 0;
  let chunks = 0;
  const { day } = keptFrom(await loadTerms(knex), now.zone, now.nowMs);
  for (const { id: periodId } of await expiringPeriods(knex, day)) {
    for (;;) {
      if (chunks === CHUNKS_PER_RUN_MAX) return removed;
      chunks += 1;
      const count = await knex.transaction((trx) => expireChunk(trx, { periodId, ...now }));
      removed += count;
      if (count < CHUNK_SESSIONS) break;
    }
  }
  return removed;
}

interface Chunk extends Now {
  periodId: string;
}

interface ExpiredSession {
  id: string;
  course_code: string;
  section_id: string;
  scheduled_date: string;
  status: string;
  records: number;
  decisions: number;
}

async function expireChunk(trx: Knex, { periodId, zone, nowMs }: Chunk): Promise<number> {
  // First, as who counts takes it: the queue of the statistics is emptied here, too.
  await holdStatistics(trx);
  const kept = await holdExpired(trx, { periodId, zone, nowMs });
  if (kept === undefined) return 0;
  const rows = await holdClasses(trx, periodId, kept.day);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    await writeAudit(
      trx,
      rows.map(({ id, ...counted }) => ({
        at: new Date(nowMs),
        entityType: 'attendance_session',
        entityId: id,
        action: 'expire',
        after: { ...counted, academic_period_id: periodId, before_day: kept.day },
        sessionId: id,
      })),
    );
    for (const sql of REMOVALS) await trx.raw(sql, [ids as never]);
  }
  if (ids.length < CHUNK_SESSIONS) await removeNumbers(trx, periodId, { kept, nowMs });
  return ids.length;
}

/**
 * The period, held against another end until the transaction is over, and what is kept now: somebody may have given it
 * another end, a class or a longer term since the run began. New classes may still refer to it.
 *
 * @returns undefined where it is to be kept
 */
async function holdExpired(trx: Knex, { periodId, zone, nowMs }: Chunk): Promise<Kept | undefined> {
  await trx.raw('SELECT FROM academic_period WHERE id = ? FOR NO KEY UPDATE', [periodId]);
  const kept = keptFrom(await loadTerms(trx), zone, nowMs);
  const { rows } = await trx.raw<{ rows: object[] }>(
    `SELECT FROM academic_period p WHERE p.id = ? AND NOT p.is_current AND ${LAST_DAY} < ?::date`,
    [periodId, kept.day],
  );
  return rows.length === 0 ? undefined : kept;
}

/** Classes before tallies, as people who mark take them; the judge's keys from a tally to its class pass this lock. */
async function holdClasses(trx: Knex, periodId: string, beforeDay: string): Promise<ExpiredSession[]> {
  const { rows } = await trx.raw<{ rows: ExpiredSession[] }>(
    `SELECT s.id, s.course_code, s.section_id, s.scheduled_date, s.status,
       (SELECT count(*) FROM attendance_record r WHERE r.session_id = s.id)::int AS records,
       (SELECT count(*) FROM decision d WHERE d.session_id = s.id)::int AS decisions
     FROM attendance_session s
     WHERE s.academic_period_id = ? AND s.scheduled_date < ?::date ORDER BY s.id LIMIT ${CHUNK_SESSIONS} FOR NO KEY UPDATE OF s`,
    [periodId, beforeDay],
  );
  await trx.raw(
    'SELECT FROM session_tally WHERE session_id = ANY(?::uuid[]) ORDER BY session_id FOR UPDATE',
    [rows.map(({ id }) => id) as never],
  );
  return rows;
}

/** Tables whose rows about a class go before it. */
export const REMOVED_WITH_CLASS = [
  'attendance_correction_request',
  'decision',
  'offline_row',
  'qr_scan',
  'exception_item',
  'attendance_record',
  'attendance_student_snapshot',
  'session_tally',
  'session_change',
  'judgement_todo',
  'statistics_todo',
];

/** What refers to a class, before the class; everything else of it goes with it. */
const REMOVALS = [
  ...REMOVED_WITH_CLASS.map((table) => `DELETE FROM ${table} WHERE session_id = ANY(?::uuid[])`),
  'DELETE FROM session_guest WHERE counts_for_session_id = ANY(?::uuid[])',
  'UPDATE attendance_session SET replaces_session_id = NULL WHERE replaces_session_id = ANY(?::uuid[])',
  'DELETE FROM attendance_session WHERE id = ANY(?::uuid[])',
];

const NUMBERS = [
  'attendance_credit',
  'statistics_contribution',
  'attendance_statistics',
  'aggregate_statistics',
  'attendance_warning',
  'course_outlook',
  // Last: taking a credit away asks for the numbers to be counted anew.
  'statistics_todo',
];

/** What is left of the period when its classes are gone; how many rows of each table went is in its audit row. */
async function removeNumbers(
  trx: Knex,
  periodId: string,
  { kept, nowMs }: { kept: Kept; nowMs: number },
): Promise<void> {
  const removed: Record<string, number> = {};
  for (const table of NUMBERS) {
    removed[table] = await trx(table).where({ academic_period_id: periodId }).delete();
  }
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'academic_period',
      entityId: periodId,
      action: 'expire',
      after: { removed, years: kept.years, before_day: kept.day },
    },
  ]);
}
