import { RollcallError } from '@rollcall/protocol/errors';
import type { Permission } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import { type Scope, visibleRecords, visibleSessions } from '../auth/scope.js';
import { rosterOf } from '../capture/roster-of.js';
import type { Knex } from '../db/database.js';
import { CORRECTION_TABLE, unknownCorrection } from './correction-row.js';

export const correctionScope = (principal: Principal, permission: Permission): Scope =>
  visibleRecords(principal, permission, { session: 's', studentId: 'q.student_id' });

/**
 * Whose mark it is. For others asks who reaches this very class by more than being one of its students: a student who
 * also teaches elsewhere has the own part of it alone (case 156).
 *
 * @throws RollcallError `REQUEST_INVALID`, `NOT_FOUND` or `NOT_ON_ROSTER`
 */
export async function studentOf(
  knex: Knex,
  principal: Principal,
  { session_id: sessionId, student: given }: { session_id: string; student?: string | undefined },
): Promise<string> {
  if (given === undefined || !(await reachesOthers(knex, principal, sessionId))) {
    const own = principal.studentId;
    if (own === null) throw new RollcallError('REQUEST_INVALID', 'student: say whose mark it is');
    const isOwn = given === undefined || (await isStudent(knex, own, given));
    if (isOwn) return own;
    throw new RollcallError('NOT_FOUND', `There is no student ${given}`);
  }
  const found = (await rosterOf(knex, sessionId)).find(
    ({ studentId, rollNumber }) =>
      studentId === given.toLowerCase() || rollNumber.toLowerCase() === given.toLowerCase(),
  );
  if (found !== undefined) return found.studentId;
  throw new RollcallError('NOT_ON_ROSTER', `${given} is not on the roster of this class on its date`);
}

async function reachesOthers(knex: Knex, principal: Principal, sessionId: string): Promise<boolean> {
  const scope = visibleSessions({ ...principal, studentId: null, guardianId: null }, 'corrections.request');
  const { rows } = await knex.raw<{ rows: object[] }>(
    `SELECT 1 FROM attendance_session s WHERE s.id = ?::uuid AND (${scope.sql})`,
    [sessionId, ...scope.bindings],
  );
  return rows.length > 0;
}

async function isStudent(knex: Knex, id: string, given: string): Promise<boolean> {
  const row = await knex('student').where({ id }).first<{ roll_number: string }>('roll_number');
  return [id, row.roll_number.toLowerCase()].includes(given.toLowerCase());
}

/** Teaching a class gives no right to withdraw what its students ask for. */
export async function refuseForeign(
  knex: Knex,
  { grants, accountId, studentId }: Principal,
  id: string,
): Promise<void> {
  const row = await knex(CORRECTION_TABLE)
    .where({ id })
    .first<{ requested_by: string | null; student_id: string }>();
  const isOffice = grants.some(({ role }) => role === 'admin' || role === 'coordinator');
  if (isOffice || row.requested_by === accountId || row.student_id === studentId) return;
  throw new RollcallError('FORBIDDEN', 'Only whoever asked, or the student, withdraws a request');
}

/** @throws RollcallError `NOT_FOUND` where it may not even be seen, `FORBIDDEN` where the act is not allowed */
export async function requireCorrection(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  id: string,
): Promise<void> {
  const seen = correctionScope(principal, 'corrections.read');
  const reached = correctionScope(principal, permission);
  const { rows } = await knex.raw<{ rows: { is_seen: boolean; is_reached: boolean }[] }>(
    `SELECT (${seen.sql}) AS is_seen, (${reached.sql}) AS is_reached
     FROM attendance_correction_request q JOIN attendance_session s ON s.id = q.session_id WHERE q.id = ?::uuid`,
    [...seen.bindings, ...reached.bindings, id],
  );
  const [row] = rows;
  if (row?.is_reached === true) return;
  if (row?.is_seen === true) {
    throw new RollcallError(
      'FORBIDDEN',
      'You may see this request, but none of your roles may do this with it',
    );
  }
  throw unknownCorrection(id);
}
