import type { Knex } from '../db/database.js';
import { queuePairs } from '../marks/queue.js';
import { SYSTEM, transition } from './transition.js';

/** Classes are looked at again this long after their start; what is older has been looked at many times. */
const LOOK_BACK_DAYS = 8;
/** Without an automatic close a class may be forgotten; nobody teaches an hour longer (domain A3 R3). */
const FORGOTTEN_AFTER = '1 hour';

export interface Integrity {
  closed: number;
  tallies: number;
  records: number;
}

/**
 * What must hold of every class session, made right where it does not, and told (domain A7): no class stays open for
 * ever, a tally is the count of its records, and everybody on the roster of a class that is final has a mark. A
 * class that is closed here goes the way of every other one: absences come when it is final (A10.35).
 */
export async function checkIntegrity(knex: Knex, nowMs: number): Promise<Integrity> {
  const closed = await closeForgotten(knex, nowMs);
  const tallies = await mendTallies(knex, nowMs);
  const records = await queueMissing(knex, nowMs);
  return { closed, tallies, records };
}

async function closeForgotten(knex: Knex, nowMs: number): Promise<number> {
  const ids = await knex.transaction((trx) =>
    transition(trx, {
      action: 'close',
      where: `s.reach_until + interval '${FORGOTTEN_AFTER}' < ?::timestamptz`,
      bindings: [new Date(nowMs)],
      nowMs,
      actor: SYSTEM,
      reason: 'forgotten open',
    }),
  );
  return ids.length;
}

const MARKS = ['present', 'late', 'absent', 'excused', 'pending'] as const;
const recent = `s.start_at BETWEEN ?::timestamptz - interval '${LOOK_BACK_DAYS} days' AND ?::timestamptz`;

/** Whoever judges a class holds its tally: a difference seen under that lock is one. */
async function mendTallies(knex: Knex, nowMs: number): Promise<number> {
  const now = new Date(nowMs);
  return knex.transaction(async (trx) => {
    await trx.raw(
      `SELECT t.session_id FROM session_tally t JOIN attendance_session s ON s.id = t.session_id
       WHERE ${recent} ORDER BY t.session_id FOR UPDATE OF t`,
      [now, now],
    );
    const { rows } = await trx.raw<{ rows: object[] }>(
      `WITH counted AS (
         SELECT s.id AS session_id, ${MARKS.map((mark) => `count(r.id) FILTER (WHERE r.mark = '${mark}')::int AS ${mark}`).join(', ')}
         FROM attendance_session s LEFT JOIN attendance_record r ON r.session_id = s.id WHERE ${recent} GROUP BY s.id
       ), wrong AS (
         SELECT c.*, to_jsonb(t) AS was FROM counted c JOIN session_tally t USING (session_id)
         WHERE (${MARKS.map((mark) => `c.${mark}`).join(', ')}) IS DISTINCT FROM (${MARKS.map((mark) => `t.${mark}`).join(', ')})
       ), mended AS (
         UPDATE session_tally t SET ${MARKS.map((mark) => `${mark} = w.${mark}`).join(', ')}
         FROM wrong w WHERE t.session_id = w.session_id
       )
       INSERT INTO exception_item (at, code, message, session_id, detail)
       SELECT ?::timestamptz, 'TALLY_DIFFERS',
         'The counts of this class session were not those of its marks and have been made right; report it as a defect',
         session_id, jsonb_build_object('was', was, 'counted', to_jsonb(wrong) - 'was') FROM wrong
       ON CONFLICT DO NOTHING RETURNING id`,
      [now, now, now],
    );
    return rows.length;
  });
}

async function queueMissing(knex: Knex, nowMs: number): Promise<number> {
  const now = new Date(nowMs);
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { session_id: string; student_id: string }[] }>(
      `SELECT DISTINCT g.session_id, m.student_id
       FROM attendance_session s JOIN session_section g ON g.session_id = s.id
         JOIN roster_membership m ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
       WHERE s.status = 'finalized' AND ${recent}
         AND NOT EXISTS (SELECT FROM attendance_record r WHERE r.session_id = s.id AND r.student_id = m.student_id)
         AND NOT EXISTS (SELECT FROM judgement_todo t WHERE t.session_id = s.id AND t.student_id = m.student_id)`,
      [now, now],
    );
    await queuePairs(
      trx,
      rows.map((row) => ({ sessionId: row.session_id, studentId: row.student_id })),
    );
    return rows.length;
  });
}
