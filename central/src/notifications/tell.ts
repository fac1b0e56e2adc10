import type { Knex } from '../db/database.js';

/** One message for the student concerned. Never a reason of leave, never a document. */
export interface Message {
  kind: string;
  /** The same kind about the same subject is told once (domain case 29). */
  subjectId: string;
  studentId: string;
  body: object;
}

/** Puts messages on the pages of the students, when the transaction commits. Who has no account gets none. */
export async function tellStudents(trx: Knex, messages: readonly Message[], nowMs: number): Promise<void> {
  if (messages.length === 0) return;
  await trx.raw(
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT a.id, m.kind, m.subject_id, m.body, ?::timestamptz
     FROM jsonb_to_recordset(?::jsonb) AS m (kind text, subject_id text, student_id uuid, body jsonb)
       JOIN account a ON a.student_id = m.student_id
     ON CONFLICT DO NOTHING`,
    [
      new Date(nowMs),
      JSON.stringify(
        messages.map(({ kind, subjectId, studentId, body }) => ({
          kind,
          subject_id: subjectId,
          student_id: studentId,
          body,
        })),
      ),
    ],
  );
}
