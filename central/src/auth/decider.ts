import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Permission } from './permissions.js';
import type { Principal } from './principal.js';
import type { RoleId } from './roles.js';
import { type Scope, visibleSessions, visibleStudents } from './scope.js';

/** Who has to decide a request, from near to far (domain case 130). */
export const DECIDER_LEVELS = ['faculty', 'hod', 'principal'] as const;
export type DeciderLevel = (typeof DECIDER_LEVELS)[number];

const LEVEL_OF_ROLE: Partial<Record<RoleId, DeciderLevel>> = {
  faculty: 'faculty',
  mentor: 'faculty',
  hod: 'hod',
  coordinator: 'hod',
  principal: 'principal',
  admin: 'principal',
};

const WHO: Readonly<Record<DeciderLevel, string>> = {
  faculty: 'a faculty member or the mentor',
  hod: 'the head of the department',
  principal: 'the principal',
};

export interface DecisionAbout {
  permission: Permission;
  needed: DeciderLevel;
  /** What has to be within reach of a role that is high enough. */
  of: { sessionId: string } | { studentId: string };
}

/** @throws RollcallError `HIGHER_DECIDER_NEEDED` naming who decides */
export async function requireDecider(
  knex: Knex,
  principal: Principal,
  { permission, needed, of }: DecisionAbout,
): Promise<void> {
  const high = { ...principal, grants: principal.grants.filter(({ role }) => isAtLeast(role, needed)) };
  const isReached =
    'sessionId' in of
      ? await finds(knex, 'attendance_session s', visibleSessions(high, permission), ['s.id', of.sessionId])
      : await finds(knex, 'student st', visibleStudents(high, permission), ['st.id', of.studentId]);
  if (isReached) return;
  throw new RollcallError('HIGHER_DECIDER_NEEDED', `This is decided by ${WHO[needed]}; it waits there`, {
    context: { needed },
  });
}

function isAtLeast(role: RoleId, needed: DeciderLevel): boolean {
  const level = LEVEL_OF_ROLE[role];
  return level !== undefined && DECIDER_LEVELS.indexOf(level) >= DECIDER_LEVELS.indexOf(needed);
}

async function finds(
  knex: Knex,
  from: string,
  scope: Scope,
  [column, id]: readonly [string, string],
): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: object[] }>(
    `SELECT 1 FROM ${from} WHERE ${column} = ?::uuid AND (${scope.sql})`,
    [id, ...scope.bindings],
  );
  return rows.length > 0;
}

/**
 * Nobody decides about themselves or their child, whatever else they are.
 *
 * @throws RollcallError `FORBIDDEN`
 */
export async function refuseOwnCase(knex: Knex, principal: Principal, studentId: string): Promise<void> {
  const isChild =
    principal.guardianId !== null &&
    (await knex('guardianship')
      .where({ guardian_id: principal.guardianId, student_id: studentId })
      .first()) !== undefined;
  if (principal.studentId !== studentId && !isChild) return;
  throw new RollcallError(
    'FORBIDDEN',
    'Nobody decides about themselves or their own child; somebody else has to',
  );
}
