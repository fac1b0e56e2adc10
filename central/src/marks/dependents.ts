import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { ofStudent } from '../people/of-student.js';
import { type Pair, pairKey } from './pair.js';

/**
 * Evidence of one class can change the mark of another: who stays is carried over to the next one, taps alternate
 * through the day, and of two classes at once only one is attended (domain cases 43, 47, 53). Adds the classes
 * of the same student that follow on the day or overlap and that have marks by now; during classes these are
 * mostly none. Wide on purpose: one too many is judged to be what it was.
 *
 * @param pairs each once
 */
export async function withDependents(trx: Knex, pairs: readonly Pair[]): Promise<Pair[]> {
  const { rows } = await prepared<{ rows: { session_id: string; student_id: string }[] }>(
    trx,
    DEPENDENTS_SQL,
    [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)] as never,
  );
  if (rows.length === 0) return [...pairs];
  const others = rows.map(({ session_id: sessionId, student_id: studentId }) => ({ sessionId, studentId }));
  return [...new Map([...pairs, ...others].map((pair) => [pairKey(pair), pair])).values()];
}

/** Classes are looked up once per group and class, as ingest does; the students of both go along instead of being joined again. */
export const DEPENDENTS_SQL = `
  WITH member AS MATERIALIZED (
    SELECT pair.student_id, m.section_id, s.id AS session_id, s.start_at
    FROM unnest(?::uuid[], ?::uuid[]) AS pair (session_id, student_id)
      JOIN attendance_session s ON s.id = pair.session_id
      CROSS JOIN LATERAL (
        SELECT section_id FROM roster_membership
        WHERE ${ofStudent('pair.student_id')} AND valid_during @> s.scheduled_date OFFSET 0
      ) m
  ), near AS MATERIALIZED (
    SELECT g.students, n.id
    FROM (
        SELECT section_id, session_id, start_at, array_agg(student_id) AS students
        FROM member GROUP BY section_id, session_id, start_at
      ) g
      CROSS JOIN LATERAL (
        SELECT session_id AS id FROM session_section
        WHERE section_id = g.section_id AND session_id <> g.session_id
          AND reach_from BETWEEN g.start_at - interval '12 hours' AND g.start_at + interval '24 hours' OFFSET 0
      ) o
      CROSS JOIN LATERAL (
        SELECT id FROM attendance_session
        WHERE id = o.id AND status NOT IN ('scheduled', 'cancelled', 'not_held')
          AND start_at < g.start_at + interval '12 hours' AND end_at > g.start_at OFFSET 0
      ) n
  )
  SELECT DISTINCT near.id AS session_id, s.student_id
  FROM near CROSS JOIN LATERAL unnest(near.students) AS s (student_id)`;
