import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { wakeJudge } from './notify.js';
import type { Pair } from './pair.js';

/** Puts pairs before the judge when the transaction commits. */
export async function queuePairs(trx: Knex, pairs: readonly Pair[]): Promise<void> {
  if (pairs.length === 0) return;
  await prepared(
    trx,
    'INSERT INTO judgement_todo (session_id, student_id) SELECT * FROM unnest(?::uuid[], ?::uuid[])',
    [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)] as never,
  );
  await wakeJudge(trx);
}

/**
 * Everybody who is on the rosters of these class sessions, has a record in them, or about whom somebody has decided:
 * a correction stands also for one who left the group (domain D0 precedence 2).
 */
export const PAIRS_OF_SESSIONS_SQL = `
  SELECT wanted.id AS session_id, who.student_id FROM unnest(?::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
      SELECT m.student_id FROM session_section g
        JOIN roster_membership m ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
      WHERE g.session_id = wanted.id
      UNION SELECT student_id FROM attendance_record WHERE session_id = wanted.id
      UNION SELECT student_id FROM decision WHERE session_id = wanted.id
    ) who`;

/** Puts everybody of these class sessions before the judge. */
export async function queueSessions(trx: Knex, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length === 0) return;
  await prepared(trx, `INSERT INTO judgement_todo (session_id, student_id) ${PAIRS_OF_SESSIONS_SQL}`, [
    sessionIds as never,
  ]);
  await wakeJudge(trx);
}

/** Campus-local dates, both included. */
export interface DateRange {
  from: string;
  /** Null: no end. */
  until: string | null;
}

/**
 * Puts the class sessions of one student within these dates before the judge: leave, a change of the roster, a
 * suspension. What was captured then is judged again with them (domain case 38), and counted again: a mark that
 * stays may count for another group (case 63).
 */
export async function queueStudent(trx: Knex, studentId: string, { from, until }: DateRange): Promise<void> {
  await prepared(
    trx,
    `WITH pair AS (
     SELECT DISTINCT g.session_id, m.student_id FROM roster_membership m
       JOIN session_section g ON g.section_id = m.section_id
     WHERE m.student_id = ?::uuid AND g.scheduled_date >= ?::date AND g.scheduled_date <= coalesce(?::date, 'infinity')
     UNION
     SELECT r.session_id, r.student_id FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id
     WHERE r.student_id = ?::uuid AND s.scheduled_date >= ?::date AND s.scheduled_date <= coalesce(?::date, 'infinity')
     UNION
     SELECT d.session_id, d.student_id FROM decision d JOIN attendance_session s ON s.id = d.session_id
     WHERE d.student_id = ?::uuid AND s.scheduled_date >= ?::date AND s.scheduled_date <= coalesce(?::date, 'infinity')
     UNION
     -- Whoever joins the class that they visited is no guest of it any more (case 60).
     SELECT v.counts_for_session_id, v.student_id FROM session_guest v JOIN attendance_session s ON s.id = v.session_id
     WHERE v.student_id = ?::uuid AND s.scheduled_date >= ?::date AND s.scheduled_date <= coalesce(?::date, 'infinity')
     ), recounted AS (
       INSERT INTO statistics_todo (session_id, student_id) SELECT session_id, student_id FROM pair
     )
     INSERT INTO judgement_todo (session_id, student_id) SELECT session_id, student_id FROM pair`,
    Array.from({ length: 4 }, () => [studentId, from, until]).flat(),
  );
  await wakeJudge(trx);
}
