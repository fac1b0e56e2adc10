import type { CorrectionItem } from '../contracts/corrections.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';

export const CORRECTION_COLUMNS = `
  q.id, q.session_id, s.course_code, course.title AS course_title, s.scheduled_date, s.start_at, st.roll_number,
  st.full_name, q.from_mark, q.to_mark, r.mark AS current_mark, q.reason, q.document_sealed IS NOT NULL AS has_document,
  q.status, q.decider_level, q.first_approved_at, q.requested_at, q.decided_at, q.decision_note, q.decision_id,
  q.version, q.requested_at::text AS requested_text, requester.display_name AS requested_by,
  signer.display_name AS first_approved_by, decider.display_name AS decided_by`;
export const CORRECTION_JOINS = `
  attendance_correction_request q JOIN attendance_session s ON s.id = q.session_id
    JOIN course ON course.code = s.course_code JOIN student st ON st.id = q.student_id
    LEFT JOIN attendance_record r ON r.session_id = q.session_id AND r.student_id = q.student_id
    LEFT JOIN account requester ON requester.id = q.requested_by LEFT JOIN account signer ON signer.id = q.first_approved_by
    LEFT JOIN account decider ON decider.id = q.decided_by`;

type Changed =
  | 'session'
  | 'student'
  | 'needs_countersign'
  | 'first_approved_at'
  | 'requested_at'
  | 'decided_at';

export interface CorrectionRow extends Omit<CorrectionItem, Changed> {
  session_id: string;
  course_code: string;
  course_title: string;
  scheduled_date: string;
  start_at: Date;
  roll_number: string;
  full_name: string;
  first_approved_at: Date | null;
  requested_at: Date;
  requested_text: string;
  decided_at: Date | null;
}

export function toCorrectionItem(row: CorrectionRow): CorrectionItem {
  const { session_id, course_code, course_title, scheduled_date, start_at, roll_number, full_name, ...rest } =
    row;
  const { requested_text: _text, ...kept } = rest;
  return {
    ...kept,
    session: {
      id: session_id,
      course: { code: course_code, title: course_title },
      scheduled_date,
      start_at: toInstant(start_at),
    },
    student: { roll_number, name: full_name },
    needs_countersign: row.status === 'pending' && row.first_approved_at !== null,
    first_approved_at: toInstantOrNull(row.first_approved_at),
    requested_at: toInstant(row.requested_at),
    decided_at: toInstantOrNull(row.decided_at),
  };
}
