import type { Knex } from '../db/database.js';
import type { Mark } from '../rules/facts.js';

/** Messages that were made of marks: those that name the record, and warnings about the student's attendance. */
export const WARNING_KIND = 'attendance_warning';

export interface CorrectedMark {
  correctionId: string;
  recordId: string;
  sessionId: string;
  studentId: string;
  from: Mark;
  to: Mark;
  nowMs: number;
}

/**
 * Whoever was told something that rested on the old mark is told that it was corrected, student and guardians:
 * no silent change (domain case 151). Only what was sent since the class was held can rest on it.
 */
export async function followUpCorrection(trx: Knex, mark: CorrectedMark): Promise<void> {
  const { correctionId, recordId, sessionId, studentId, from, to, nowMs } = mark;
  await trx.raw(
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT n.account_id, 'mark_corrected', ?, jsonb_build_object('record_id', ?::text, 'session_id', ?::text,
       'student_id', ?::text, 'from', ?::text, 'to', ?::text, 'follows', jsonb_agg(n.id ORDER BY n.created_at)), ?::timestamptz
     FROM account a JOIN notification n ON n.account_id = a.id
     WHERE (a.student_id = ?::uuid
         OR a.guardian_id IN (SELECT guardian_id FROM guardianship WHERE student_id = ?::uuid))
       AND n.created_at >= (SELECT start_at FROM attendance_session WHERE id = ?::uuid)
       AND (n.body->>'record_id' = ? OR (n.kind = ? AND n.body->>'student_id' = ?))
     GROUP BY n.account_id ON CONFLICT DO NOTHING`,
    [
      correctionId,
      recordId,
      sessionId,
      studentId,
      from,
      to,
      new Date(nowMs),
      studentId,
      studentId,
      sessionId,
      recordId,
      WARNING_KIND,
      studentId,
    ],
  );
}
