import { RollcallError } from '@rollcall/protocol/errors';
import type { Permission } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import { visibleStudents } from '../auth/scope.js';
import type { Knex } from '../db/database.js';
import { unknownLeave } from './leave-row.js';

/** Whose leave it is. @throws RollcallError `NOT_FOUND` or `REQUEST_INVALID` */
export async function applicantOf(
  knex: Knex,
  principal: Principal,
  given: string | undefined,
): Promise<string> {
  if (given === undefined) {
    if (principal.studentId !== null) return principal.studentId;
    throw new RollcallError('REQUEST_INVALID', 'student: say whose leave it is');
  }
  const found = await studentsToApplyFor(knex, principal, [given]);
  const id = found.get(given);
  if (id !== undefined) return id;
  throw new RollcallError('NOT_FOUND', `There is no student ${given}`);
}

/** Ids by the roll number or id that was given, of those that the person may apply for. */
export async function studentsToApplyFor(
  knex: Knex,
  principal: Principal,
  given: readonly string[],
): Promise<Map<string, string>> {
  const scope = visibleStudents(principal, 'leave.apply');
  const { rows } = await knex.raw<{ rows: { given: string; id: string }[] }>(
    `SELECT DISTINCT ON (given) given, st.id FROM unnest(?::text[]) AS given
       JOIN student st ON lower(st.roll_number) = lower(given) OR st.id::text = lower(given)
     WHERE ${scope.sql}`,
    [given as never, ...scope.bindings],
  );
  return new Map(rows.map((row) => [row.given, row.id]));
}

export interface RequiredLeave {
  start_date: string;
  end_date: string;
  start_time: string | null;
  end_time: string | null;
}

/**
 * @throws RollcallError `NOT_FOUND` where the person may not even see it, `FORBIDDEN` where the act is not allowed
 */
export async function requireLeave(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  id: string,
): Promise<RequiredLeave> {
  const seen = visibleStudents(principal, 'leave.read');
  const reached = visibleStudents(principal, permission);
  const { rows } = await knex.raw<{ rows: (RequiredLeave & { is_seen: boolean; is_reached: boolean })[] }>(
    `SELECT l.start_date, l.end_date, l.start_time, l.end_time, (${seen.sql}) AS is_seen, (${reached.sql}) AS is_reached
     FROM attendance_leave_application l JOIN student st ON st.id = l.student_id WHERE l.id = ?::uuid`,
    [...seen.bindings, ...reached.bindings, id],
  );
  const [row] = rows;
  if (row?.is_reached === true) return row;
  if (row?.is_seen === true) {
    throw new RollcallError(
      'FORBIDDEN',
      'You may see this application, but none of your roles may do this with it',
    );
  }
  throw unknownLeave(id);
}
