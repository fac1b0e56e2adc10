import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { HeldLeave } from './leave-row.js';

export interface WantedSpan {
  studentId: string;
  startDate: string;
  endDate: string;
  startTime: string | null;
  endTime: string | null;
  /** The application itself, where it is changed. */
  exceptId?: string;
}

/**
 * Refuses leave that overlaps another one that is pending or approved (domain case 126). Holds the student: two
 * applications of one student at the same moment are looked at one after the other.
 *
 * @throws RollcallError `LEAVE_OVERLAP` naming the other
 */
export async function refuseOverlap(trx: Knex, span: WantedSpan): Promise<void> {
  const { studentId, startDate, endDate, startTime, endTime, exceptId } = span;
  await trx('student').where({ id: studentId }).forNoKeyUpdate().first('id');
  const { rows } = await trx.raw<{ rows: HeldLeave[] }>(
    `SELECT id, leave_type, status, start_date, end_date FROM attendance_leave_application
     WHERE student_id = ?::uuid AND status IN ('pending', 'approved') AND id IS DISTINCT FROM ?::uuid
       AND start_date <= ?::date AND end_date >= ?::date
       AND (start_time IS NULL OR ?::time IS NULL OR (start_time < ?::time AND end_time > ?::time))
     ORDER BY start_date LIMIT 1`,
    [studentId, exceptId ?? null, endDate, startDate, startTime, endTime, startTime],
  );
  const [other] = rows;
  if (other === undefined) return;
  const when =
    other.start_date === other.end_date ? other.start_date : `${other.start_date} to ${other.end_date}`;
  throw new RollcallError(
    'LEAVE_OVERLAP',
    `This overlaps the ${other.status} ${other.leave_type} leave of ${when} (${other.id}); cancel that one first or choose other days`,
    { context: { leaveId: other.id } },
  );
}
