import { RollcallError } from '@rollcall/protocol/errors';
import { PERMISSIONS } from '../../auth/permissions.js';
import type { RoleId } from '../../auth/roles.js';
import type { Knex } from '../../db/database.js';
import type { AccountItem } from '../contracts/auth.js';

interface AccountRow {
  id: string;
  login: string;
  display_name: string;
  student_id: string | null;
  roll_number: string | null;
  faculty_code: string | null;
  must_change_password: boolean;
  roles: { role: RoleId; department_id: string | null; section_id: string | null }[];
}

/** An account with the roles that it holds now. @throws RollcallError `NOT_FOUND` */
export async function loadAccount(knex: Knex, accountId: string, nowMs: number): Promise<AccountItem> {
  const { rows } = await knex.raw<{ rows: AccountRow[] }>(
    `SELECT a.id, a.login, a.display_name, a.student_id, st.roll_number, a.faculty_code, a.must_change_password,
       coalesce((SELECT json_agg(json_build_object('role', role, 'department_id', department_id,
         'section_id', section_id) ORDER BY role) FROM account_role r
         WHERE r.account_id = a.id AND r.valid_from <= ?::timestamptz AND r.valid_to > ?::timestamptz), '[]') AS roles
     FROM account a LEFT JOIN student st ON st.id = a.student_id WHERE a.id = ?::uuid`,
    [new Date(nowMs), new Date(nowMs), accountId],
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no account ${accountId}`);
  const { student_id: studentId, roll_number: rollNumber, ...account } = row;
  return {
    ...account,
    student: studentId === null || rollNumber === null ? null : { id: studentId, roll_number: rollNumber },
    permissions: permissionsOf(row.roles.map(({ role }) => role)),
  };
}

export function permissionsOf(roles: readonly RoleId[]): string[] {
  return Object.entries(PERMISSIONS)
    .filter(([, row]) => roles.some((role) => Object.hasOwn(row, role)))
    .map(([permission]) => permission);
}
