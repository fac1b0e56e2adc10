import type { Knex } from '../db/database.js';
import { judgePairs } from './judge-pairs.js';

/**
 * Judges everybody of one class session again from the evidence; touches that session only.
 *
 * @returns how many records changed: 0 says that every mark was what its evidence gives
 */
export async function recomputeSession(knex: Knex, sessionId: string, nowMs: number): Promise<number> {
  return knex.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { student_id: string }[] }>(
      `SELECT m.student_id FROM attendance_session s
         JOIN roster_membership m ON m.section_id = s.section_id AND m.valid_during @> s.scheduled_date
       WHERE s.id = ?::uuid
       UNION SELECT student_id FROM attendance_record WHERE session_id = ?::uuid`,
      [sessionId, sessionId],
    );
    const pairs = rows.map(({ student_id }) => ({ sessionId, studentId: student_id }));
    return (await judgePairs(trx, pairs, nowMs)).length;
  });
}
