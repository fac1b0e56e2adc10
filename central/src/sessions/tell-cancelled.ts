import type { Knex } from '../db/database.js';

/** Faculty and students of classes that do not take place; each is told once (domain cases 4, 20). */
export async function tellCancelled(
  trx: Knex,
  { ids, reason, nowMs }: { ids: readonly string[]; reason: string; nowMs: number },
): Promise<void> {
  if (ids.length === 0) return;
  await trx.raw(
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT DISTINCT a.id, 'session_cancelled', s.id::text,
       jsonb_build_object('session_id', s.id, 'course', s.course_code, 'start_at', s.start_at, 'reason', ?::text), ?::timestamptz
     FROM attendance_session s
       JOIN account a ON a.faculty_code = coalesce(s.substitute_code, s.faculty_code) OR a.student_id IN (
         SELECT m.student_id FROM session_section x JOIN roster_membership m ON m.section_id = x.section_id
           AND m.valid_during @> x.scheduled_date WHERE x.session_id = s.id)
     WHERE s.id = ANY(?::uuid[])
     ON CONFLICT DO NOTHING`,
    [reason, new Date(nowMs), ids as never],
  );
}
