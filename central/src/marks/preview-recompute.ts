import { writeAudit } from '../audit/write-audit.js';
import { type Restamped, restampSessions } from '../calendar/restamp.js';
import { loadSettings } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { findByIndex, findFreely } from '../db/prepared.js';
import type { Mark } from '../rules/facts.js';
import { thresholdsOf } from '../statistics/thresholds.js';
import { judgeInRequest } from './judge-in-request.js';
import type { Pair } from './pair.js';
import { pairsOfSessions } from './recompute.js';
import type { ChangedRecord } from './save-decisions.js';

/** Sessions in one preview: bounds its transaction. */
export const RECOMPUTE_SESSIONS_MAX = 500;

export interface RecomputeRequest {
  /** Condition on `attendance_session s`; locked classes are never among them. */
  where: string;
  bindings: readonly unknown[];
  /** Whether the settings of now are stamped on the classes first. */
  withSettings: boolean;
  /** Of the person who asks; stands in the audit of every class that is judged again. */
  reason: string;
  accountId: string | null;
  nowMs: number;
}

export interface MarkChange {
  session_id: string;
  roll_number: string;
  name: string;
  course_code: string;
  from: Mark | null;
  to: Mark;
  from_reason: string | null;
  reason: string;
}

/** What recomputing changes: marks, and the share of attended classes of the students concerned. */
export interface Recomputed {
  sessions: number;
  restamped: number;
  changes: MarkChange[];
  crossing: { roll_number: string; course_code: string; from: Share; to: Share }[];
}

export interface Share {
  attended: number;
  held: number;
}

class RolledBack extends Error {}

/** As {@link recomputeSessions}, and takes everything back. */
export async function previewRecompute(knex: Knex, request: RecomputeRequest): Promise<Recomputed> {
  return takenBack(knex, (trx) => recomputeSessions(trx, request));
}

/** What the act would give; nothing of it stays. */
export async function takenBack<Result>(knex: Knex, act: (trx: Knex) => Promise<Result>): Promise<Result> {
  const outcome: { result?: Result } = {};
  try {
    await knex.transaction(async (trx) => {
      outcome.result = await act(trx);
      throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return outcome.result as Result;
}

/**
 * Judges the classes again from their evidence and says what changed, and who crosses the threshold. Each class keeps in
 * the audit who asked, why, and which policy it had before and has now (domain case 158).
 */
export async function recomputeSessions(trx: Knex, request: RecomputeRequest): Promise<Recomputed> {
  const { where, bindings, withSettings, nowMs } = request;
  const unlocked = `s.status <> 'locked' AND (${where})`;
  const { rows } = await trx.raw<{ rows: Judged[] }>(
    `SELECT s.id, s.policy->>'id' AS policy FROM attendance_session s WHERE ${unlocked} ORDER BY s.start_at, s.id LIMIT ${RECOMPUTE_SESSIONS_MAX}`,
    bindings as never,
  );
  const ids = rows.map(({ id }) => id);
  const restamped = withSettings
    ? await restampSessions(trx, {
        where: 's.id = ANY(?::uuid[])',
        bindings: [ids],
        nowMs,
        settingsAtMs: nowMs,
      })
    : [];
  await auditRecompute(trx, { sessions: rows, restamped, request });
  const pairs = await pairsOfSessions(trx, ids);
  const described = await judgeAndDescribe(trx, { pairs, nowMs });
  return { sessions: ids.length, restamped: restamped.length, ...described };
}

interface Judged {
  id: string;
  /** Id of the policy that it had. */
  policy: string | null;
}

interface AuditRequest {
  sessions: readonly Judged[];
  restamped: readonly Restamped[];
  request: RecomputeRequest;
}

function auditRecompute(trx: Knex, { sessions, restamped, request }: AuditRequest): Promise<void> {
  const { reason, accountId, nowMs } = request;
  const policyAfter = new Map(restamped.map(({ id, after }) => [id, after]));
  return writeAudit(
    trx,
    sessions.map(({ id, policy }) => ({
      at: new Date(nowMs),
      entityType: 'attendance_session',
      entityId: id,
      action: 'recompute',
      performedBy: accountId,
      reason,
      before: { policy },
      after: { policy: policyAfter.get(id) ?? policy },
      sessionId: id,
    })),
  );
}

export interface JudgeRequest {
  pairs: readonly Pair[];
  nowMs: number;
}

/** Judges these pairs and says what that changed. */
export async function judgeAndDescribe(
  trx: Knex,
  { pairs, nowMs }: JudgeRequest,
): Promise<Pick<Recomputed, 'changes' | 'crossing'>> {
  const before = await loadReasons(trx, [...new Set(pairs.map(({ sessionId }) => sessionId))]);
  await findByIndex(trx);
  const changed = await judgeInRequest(trx, pairs, nowMs);
  await findFreely(trx);
  const changes = await describeChanges(trx, changed, before);
  return { changes, crossing: await loadCrossing(trx, changed, nowMs) };
}

async function loadReasons(trx: Knex, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await trx.raw<{ rows: { id: string; reason: string }[] }>(
    'SELECT id, reason FROM attendance_record WHERE session_id = ANY(?::uuid[])',
    [ids as never],
  );
  return new Map(rows.map(({ id, reason }) => [id, reason]));
}

async function describeChanges(
  trx: Knex,
  changed: readonly ChangedRecord[],
  before: ReadonlyMap<string, string>,
): Promise<MarkChange[]> {
  if (changed.length === 0) return [];
  const previous = new Map(changed.map((record) => [record.id, record.previousMark]));
  const { rows } = await trx.raw<{ rows: (Omit<MarkChange, 'from' | 'from_reason'> & { id: string })[] }>(
    `SELECT r.id, r.session_id, st.roll_number, st.full_name AS name, s.course_code, r.mark AS "to", r.reason
     FROM attendance_record r JOIN student st ON st.id = r.student_id JOIN attendance_session s ON s.id = r.session_id
     WHERE r.id = ANY(?::uuid[]) ORDER BY s.start_at, st.roll_number`,
    [changed.map(({ id }) => id) as never],
  );
  return rows
    .map(({ id, ...row }) => ({
      ...row,
      from: previous.get(id) ?? null,
      from_reason: before.get(id) ?? null,
    }))
    .filter(({ from, to, from_reason: was, reason }) => from !== to || was !== reason);
}

interface CrossingRow {
  roll_number: string;
  course_code: string;
  course_type: string;
  programme_id: string | null;
  ends_on: string;
  zone: string;
  attended: number;
  held: number;
  was_attended: number;
  was_held: number;
}

/**
 * Compared as whole numbers, never as rounded percentages (domain case 138), with the threshold of the programme, the
 * course and the period: that of its last day once it is over (case 144).
 */
async function loadCrossing(
  trx: Knex,
  changed: readonly ChangedRecord[],
  nowMs: number,
): Promise<Recomputed['crossing']> {
  if (changed.length === 0) return [];
  const settingsAt = await loadSettings(trx);
  const { rows } = await trx.raw<{ rows: CrossingRow[] }>(CROSSING_SQL, [
    changed.map(({ id }) => id),
    changed.map(({ previousMark }) => previousMark ?? 'pending'),
  ] as never);
  return rows.flatMap((row) => {
    const thresholds = thresholdsOf(settingsAt, { endsOn: row.ends_on, zone: row.zone }, nowMs);
    const { enough } = thresholds({ programmeId: row.programme_id, courseType: row.course_type });
    const isEnough = ({ attended, held }: Share): boolean => held > 0 && attended * 100 >= enough * held;
    const from = { attended: row.was_attended, held: row.was_held };
    const to = { attended: row.attended, held: row.held };
    if (isEnough(from) === isEnough(to)) return [];
    return [{ roll_number: row.roll_number, course_code: row.course_code, from, to }];
  });
}

const CROSSING_SQL = `
  WITH was AS (SELECT * FROM unnest(?::uuid[], ?::text[]) AS w (id, mark)),
  concerned AS (
    SELECT r.student_id, s.course_code, s.academic_period_id, max(own.programme_id) AS programme_id
    FROM was JOIN attendance_record r ON r.id = was.id JOIN attendance_session s ON s.id = r.session_id
      LEFT JOIN LATERAL (
        SELECT g.programme_id FROM session_section x JOIN section g ON g.id = x.section_id
          JOIN roster_membership m ON m.section_id = x.section_id AND m.student_id = r.student_id
            AND m.valid_during @> x.scheduled_date
        WHERE x.session_id = s.id ORDER BY x.section_id <> s.section_id, x.section_id LIMIT 1
      ) own ON true
    GROUP BY 1, 2, 3
  ), counted AS (
    SELECT c.student_id, c.course_code, c.academic_period_id, c.programme_id, s.period_count, r.mark, coalesce(was.mark, r.mark) AS was_mark, r.attended_periods
    FROM concerned c
      JOIN attendance_record r ON r.student_id = c.student_id
      JOIN attendance_session s ON s.id = r.session_id AND s.course_code = c.course_code
        AND s.academic_period_id = c.academic_period_id AND s.counts_in_denominator
      LEFT JOIN was ON was.id = r.id
  )
  SELECT st.roll_number, counted.course_code, co.course_type, counted.programme_id, p.ends_on, ca.zone,
    coalesce(sum(coalesce(attended_periods, period_count)) FILTER (WHERE mark IN ('present', 'late')), 0)::int AS attended,
    coalesce(sum(period_count) FILTER (WHERE mark IN ('present', 'late', 'absent')), 0)::int AS held,
    coalesce(sum(period_count) FILTER (WHERE was_mark IN ('present', 'late')), 0)::int AS was_attended,
    coalesce(sum(period_count) FILTER (WHERE was_mark IN ('present', 'late', 'absent')), 0)::int AS was_held
  FROM counted JOIN student st ON st.id = counted.student_id JOIN course co ON co.code = counted.course_code
    JOIN academic_period p ON p.id = counted.academic_period_id JOIN campus ca ON ca.id = p.campus_id
  GROUP BY st.roll_number, counted.course_code, co.course_type, counted.programme_id, p.id, ca.id
  ORDER BY st.roll_number, counted.course_code, p.id`;
