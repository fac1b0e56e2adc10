import { writeAudit } from '../audit/write-audit.js';
import { dateAt, minusYears } from '../calendar/campus-zone.js';
import type { SettingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { holdStatistics } from '../statistics/fold.js';

const DAY_MS = 86_400_000;
/** A setting that was made shorter by mistake removes nothing before somebody has had this long to notice. */
export const SHORTENED_AFTER_DAYS = 30;
/** Classes of one transaction: some ten thousand marks. */
const CHUNK_SESSIONS = 200;
/** Transactions of one run; what is left waits for the next. */
const CHUNKS_PER_RUN_MAX = 50;

/** The first day of which everything is kept, by the longest term that was in force within the last month. */
export function keptFrom(
  settingsAt: SettingsAt,
  zone: string,
  nowMs: number,
): { years: number; day: string } {
  const years = Math.max(
    ...[nowMs, nowMs - SHORTENED_AFTER_DAYS * DAY_MS].map(
      (atMs) => settingsAt(atMs).ATTENDANCE_DATA_RETENTION_YEARS,
    ),
  );
  return { years, day: minusYears(dateAt(nowMs, zone), years) };
}

export interface ExpiringPeriod {
  id: string;
  name: string;
  ends_on: string;
  sessions: number;
  records: number;
}

/** Academic periods that ended before the day and still have classes or numbers: what the next runs remove. */
export async function expiringPeriods(knex: Knex, beforeDay: string): Promise<ExpiringPeriod[]> {
  const { rows } = await knex.raw<{ rows: ExpiringPeriod[] }>(
    `SELECT p.id, p.name, p.ends_on,
       (SELECT count(*) FROM attendance_session s WHERE s.academic_period_id = p.id)::int AS sessions,
       (SELECT count(*) FROM attendance_session s JOIN attendance_record r ON r.session_id = s.id
        WHERE s.academic_period_id = p.id)::int AS records
     FROM academic_period p
     WHERE p.ends_on < ?::date AND (
       EXISTS (SELECT FROM attendance_session s WHERE s.academic_period_id = p.id)
       OR EXISTS (SELECT FROM aggregate_statistics a WHERE a.academic_period_id = p.id)
       OR EXISTS (SELECT FROM attendance_credit k WHERE k.academic_period_id = p.id))
     ORDER BY p.ends_on, p.id`,
    [beforeDay],
  );
  return rows;
}

/**
 * Removes the classes of academic periods that ended before the day, with their marks, decisions and corrections, and
 * with the last of them the statistics of the period (domain A3 R20, F4): never a part of a period, so that no
 * percentage of half a semester is left. Each class leaves an audit row that counts what went (case 159). Punches stay.
 *
 * @returns how many classes went
 */
export async function expireSessions(
  knex: Knex,
  { beforeDay, nowMs }: { beforeDay: string; nowMs: number },
): Promise<number> {
  let removed = 0;
  let chunks = 0;
  for (const { id: periodId } of await expiringPeriods(knex, beforeDay)) {
    for (;;) {
      if (chunks === CHUNKS_PER_RUN_MAX) return removed;
      chunks += 1;
      const count = await knex.transaction((trx) => expireChunk(trx, { periodId, beforeDay, nowMs }));
      removed += count;
      if (count < CHUNK_SESSIONS) break;
    }
  }
  return removed;
}

interface Chunk {
  periodId: string;
  beforeDay: string;
  nowMs: number;
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

async function expireChunk(trx: Knex, { periodId, beforeDay, nowMs }: Chunk): Promise<number> {
  const { rows } = await trx.raw<{ rows: ExpiredSession[] }>(
    `SELECT s.id, s.course_code, s.section_id, s.scheduled_date, s.status,
       (SELECT count(*) FROM attendance_record r WHERE r.session_id = s.id)::int AS records,
       (SELECT count(*) FROM decision d WHERE d.session_id = s.id)::int AS decisions
     FROM attendance_session s WHERE s.academic_period_id = ? ORDER BY s.id LIMIT ${CHUNK_SESSIONS} FOR UPDATE`,
    [periodId],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    await writeAudit(
      trx,
      rows.map(({ id, ...counted }) => ({
        at: new Date(nowMs),
        entityType: 'attendance_session',
        entityId: id,
        action: 'expire',
        after: { ...counted, academic_period_id: periodId, before_day: beforeDay },
        sessionId: id,
      })),
    );
    for (const sql of REMOVALS) await trx.raw(sql, [ids as never]);
  }
  if (ids.length < CHUNK_SESSIONS) await removeNumbers(trx, periodId);
  return ids.length;
}

/** What refers to a class, before the class; everything else of it goes with it. */
const REMOVALS = [
  ...[
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
  ].map((table) => `DELETE FROM ${table} WHERE session_id = ANY(?::uuid[])`),
  'DELETE FROM session_guest WHERE counts_for_session_id = ANY(?::uuid[])',
  'UPDATE attendance_session SET replaces_session_id = NULL WHERE replaces_session_id = ANY(?::uuid[])',
  'DELETE FROM attendance_session WHERE id = ANY(?::uuid[])',
];

async function removeNumbers(trx: Knex, periodId: string): Promise<void> {
  await holdStatistics(trx);
  const tables = [
    'attendance_credit',
    'statistics_contribution',
    'attendance_statistics',
    'aggregate_statistics',
    'attendance_warning',
    'course_outlook',
    // Last: taking a credit away asks for the numbers to be counted anew.
    'statistics_todo',
  ];
  for (const table of tables) await trx(table).where({ academic_period_id: periodId }).delete();
}
