import { CORRECTABLE_MARKS } from '../corrections/correction-row.js';
import type { Knex } from '../db/database.js';
import type { Decided } from './save-decisions.js';

/**
 * Evidence that came after the lock changes no mark: where it would have, a human is told, with the correction request
 * that would do it (domain case 83). A mark that nobody can ask for, or ask to have changed, is only told.
 */
export async function reportLateAfterLock(
  trx: Knex,
  decided: readonly Decided[],
  nowMs: number,
): Promise<void> {
  const input = decided.map(({ sessionId, studentId, decision }) => ({
    session_id: sessionId,
    student_id: studentId,
    mark: decision.mark,
    reason: decision.reason,
    derivation: decision.derivation,
  }));
  await trx.raw(
    `INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
     SELECT ?::timestamptz, 'LATE_AFTER_LOCK',
       'Evidence arrived after the class session was locked: the mark stays ' || coalesce(r.mark, 'unset')
         || ' and would be ' || i.mark || CASE WHEN p.is_proposable THEN '; propose a correction if it should change'
           ELSE '. No correction can be asked for: it changes only if two people unlock the class' END,
       i.session_id, i.student_id,
       jsonb_build_object('mark', r.mark, 'would_be', i.mark, 'reason', i.reason, 'derivation', i.derivation)
         || CASE WHEN p.is_proposable THEN jsonb_build_object('propose_correction',
           jsonb_build_object('session_id', i.session_id, 'student_id', i.student_id, 'from_mark', r.mark, 'to_mark', i.mark,
             'reason', 'Evidence arrived after the class session was locked')) ELSE '{}' END
     FROM jsonb_to_recordset(?::jsonb) AS i (session_id uuid, student_id uuid, mark text, reason text, derivation jsonb)
       LEFT JOIN attendance_record r ON r.session_id = i.session_id AND r.student_id = i.student_id
       CROSS JOIN LATERAL (SELECT r.mark = ANY(m.marks) AND i.mark = ANY(m.marks) FROM (SELECT ?::text[]) AS m (marks))
         AS p (is_proposable)
     WHERE r.mark IS DISTINCT FROM i.mark
       AND NOT EXISTS (SELECT FROM exception_item e WHERE e.session_id = i.session_id AND e.code = 'LATE_AFTER_LOCK'
         AND e.student_id = i.student_id AND e.resolved_by IS NOT NULL AND e.detail->>'would_be' = i.mark)
     ON CONFLICT DO NOTHING`,
    [new Date(nowMs), JSON.stringify(input), [...CORRECTABLE_MARKS] as never],
  );
}
