import { settingsAt } from '../../calendar/settings.js';
import type { Knex } from '../../db/database.js';
import { calendarDays, isCondonationEvidence, weeklyOffDays } from '../../leave/leave-policy.js';
import { workingDays } from '../../leave/working-days.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';
import type { LeaveItem } from '../contracts/leave.js';

export const LEAVE_COLUMNS = `
  l.id, l.student_id, st.roll_number, st.full_name, l.leave_type, l.start_date, l.end_date, l.start_time, l.end_time,
  l.status, l.decider_level, l.counts_as, l.affects_attendance, l.auto_apply_to_sessions, l.batch_id, l.applied_at,
  l.decided_at, l.decision_note, l.revoked_at, l.revoke_note, l.version, l.applied_at::text AS applied_text,
  l.document_sealed IS NOT NULL OR b.document_sealed IS NOT NULL AS has_document,
  applier.display_name AS applied_by, decider.display_name AS decided_by, revoker.display_name AS revoked_by`;
export const LEAVE_JOINS = `
  attendance_leave_application l JOIN student st ON st.id = l.student_id LEFT JOIN leave_batch b ON b.id = l.batch_id
    LEFT JOIN account applier ON applier.id = l.applied_by LEFT JOIN account decider ON decider.id = l.decided_by
    LEFT JOIN account revoker ON revoker.id = l.revoked_by`;

type Kept =
  | 'id'
  | 'leave_type'
  | 'start_date'
  | 'end_date'
  | 'start_time'
  | 'end_time'
  | 'status'
  | 'decider_level'
  | 'counts_as'
  | 'affects_attendance'
  | 'auto_apply_to_sessions'
  | 'has_document'
  | 'batch_id'
  | 'applied_by'
  | 'decided_by'
  | 'decision_note'
  | 'revoked_by'
  | 'revoke_note'
  | 'version';

export interface LeaveRow extends Pick<LeaveItem, Kept> {
  student_id: string;
  roll_number: string;
  full_name: string;
  applied_at: Date;
  applied_text: string;
  decided_at: Date | null;
  revoked_at: Date | null;
}

/** With the days counted as the calendar is now (domain case 125). */
export async function toLeaveItems(
  knex: Knex,
  rows: readonly LeaveRow[],
  nowMs: number,
): Promise<LeaveItem[]> {
  if (rows.length === 0) return [];
  const settings = await settingsAt(knex, { atMs: nowMs });
  const spans = rows.map((row) => ({
    studentId: row.student_id,
    startDate: row.start_date,
    endDate: row.end_date,
  }));
  const working = await workingDays(knex, spans, weeklyOffDays(settings));
  return rows.map((row, index) => toItem(row, working[index] ?? 0));
}

function toItem(row: LeaveRow, working: number): LeaveItem {
  const { student_id: _student, roll_number, full_name, applied_text: _text, ...kept } = row;
  return {
    ...kept,
    student: { roll_number, name: full_name },
    start_time: row.start_time?.slice(0, 5) ?? null,
    end_time: row.end_time?.slice(0, 5) ?? null,
    calendar_days: calendarDays(row.start_date, row.end_date),
    working_days: working,
    is_condonation_evidence:
      row.status === 'approved' && isCondonationEvidence(row.leave_type, row.counts_as),
    applied_at: toInstant(row.applied_at),
    decided_at: toInstantOrNull(row.decided_at),
    revoked_at: toInstantOrNull(row.revoked_at),
  };
}
