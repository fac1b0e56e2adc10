import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Permission, type Reached, reachesOf } from './permissions.js';
import type { Principal } from './principal.js';
import { periodsAt, taughtGroups } from './taught-groups.js';

/** A condition for a WHERE clause. `false` where nothing may be seen. */
export interface Scope {
  sql: string;
  bindings: string[];
}

const NOTHING: Scope = { sql: 'false', bindings: [] };

/** Class sessions that the person reaches with this permission; `alias` names `attendance_session` in the query. */
export function visibleSessions(principal: Principal, permission: Permission, alias = 's'): Scope {
  return anyOf(reachesOf(principal, permission).map((reached) => sessionsOf(principal, reached, alias)));
}

/** Students that the person reaches with this permission; `alias` names `student`, or any row with its `id`. */
export function visibleStudents(principal: Principal, permission: Permission, alias = 'st'): Scope {
  return anyOf(reachesOf(principal, permission).map((reached) => studentsOf(principal, reached, alias)));
}

/** One student's part of one class session: a student has only the own part of a class. */
export function visibleRecords(
  principal: Principal,
  permission: Permission,
  { session, studentId }: { session: string; studentId: string },
): Scope {
  return anyOf(
    reachesOf(principal, permission).map((reached) => {
      if (reached.reach === 'self') return own(studentId, principal.studentId);
      if (reached.reach === 'child') return children(studentId, principal.guardianId);
      return sessionsOf(principal, reached, session);
    }),
  );
}

/**
 * Rows of statistics, one per student, group and course: a faculty member sees those of the courses that he or she
 * takes with the group, a student the own ones. `row` names a row with `student_id`, `section_id`, `course_code`.
 */
export function visibleStatistics(principal: Principal, permission: Permission, row: string): Scope {
  return anyOf(reachesOf(principal, permission).map((reached) => statisticsOf(principal, reached, row)));
}

/** Students whose aggregate over all courses the person sees; who only teaches one of the courses does not. */
export function visibleAggregates(principal: Principal, permission: Permission, alias = 'st'): Scope {
  return anyOf(
    reachesOf(principal, permission)
      .filter(({ reach }) => reach !== 'taught')
      .map((reached) => studentsOf(principal, reached, alias)),
  );
}

function sessionsOf(principal: Principal, { reach, grant }: Reached, s: string): Scope {
  switch (reach) {
    case 'all':
      return { sql: 'true', bindings: [] };
    case 'department':
      return bound(grant.departmentId, (id) => ({
        sql: `EXISTS (SELECT FROM session_section xs JOIN section xg ON xg.id = xs.section_id
            WHERE xs.session_id = ${s}.id AND xg.department_id = ?)
          OR EXISTS (SELECT FROM course xc WHERE xc.code = ${s}.course_code AND xc.department_id = ?)`,
        bindings: [id, id],
      }));
    case 'taught':
      return bound(principal.facultyCode, (code) => ({
        sql: `${s}.faculty_code = ? OR ${s}.substitute_code = ?`,
        bindings: [code, code],
      }));
    case 'mentored':
      return bound(grant.sectionId, (id) => ({
        sql: `EXISTS (SELECT FROM session_section xs WHERE xs.session_id = ${s}.id AND xs.section_id = ?)`,
        bindings: [id],
      }));
    case 'self':
      return bound(principal.studentId, (id) => ({
        sql: `EXISTS (SELECT FROM session_section xs JOIN roster_membership xm ON xm.section_id = xs.section_id
            AND xm.valid_during @> xs.scheduled_date WHERE xs.session_id = ${s}.id AND xm.student_id = ?::uuid)`,
        bindings: [id],
      }));
    case 'child':
      return bound(principal.guardianId, (id) => ({
        sql: `EXISTS (SELECT FROM session_section xs JOIN roster_membership xm ON xm.section_id = xs.section_id
            AND xm.valid_during @> xs.scheduled_date JOIN guardianship xw ON xw.student_id = xm.student_id
            WHERE xs.session_id = ${s}.id AND xw.guardian_id = ?::uuid)`,
        bindings: [id],
      }));
  }
}

function statisticsOf(principal: Principal, { reach, grant }: Reached, row: string): Scope {
  const since = sincePeriod(principal);
  const taught = (code: string): Scope => taughtGroups(code, periodsAt(principal.asOfMs));
  switch (reach) {
    case 'all':
      return { sql: 'true', bindings: [] };
    case 'department':
      return bound(grant.departmentId, (id) => ({
        sql: `${row}.section_id IN (SELECT id FROM section WHERE department_id = ?)
          OR ${row}.course_code IN (SELECT code FROM course WHERE department_id = ?)`,
        bindings: [id, id],
      }));
    case 'taught':
      return bound(principal.facultyCode, (code) => ({
        sql: `(${row}.section_id, ${row}.course_code) IN (SELECT xg.section_id, xg.course_code FROM (${taught(code).sql}) xg)`,
        bindings: taught(code).bindings,
      }));
    case 'mentored':
      return bound(grant.sectionId, (id) => ({
        sql: `${row}.student_id IN (SELECT xm.student_id FROM roster_membership xm
            WHERE xm.section_id = ? AND xm.valid_during && ${since.sql})`,
        bindings: [id, ...since.bindings],
      }));
    case 'self':
      return own(`${row}.student_id`, principal.studentId);
    case 'child':
      return children(`${row}.student_id`, principal.guardianId);
  }
}

/**
 * The days since the current academic period began: who left a group before is none of its students any more, and who
 * joins it next is one already. Before the first period everybody is.
 */
function sincePeriod({ asOfMs }: Principal): Scope {
  const periods = periodsAt(asOfMs);
  return {
    sql: `daterange((SELECT min(xp.starts_on) FROM (${periods.sql}) xp), NULL)`,
    bindings: periods.bindings,
  };
}

function studentsOf(principal: Principal, { reach, grant }: Reached, st: string): Scope {
  const since = sincePeriod(principal);
  switch (reach) {
    case 'all':
      return { sql: 'true', bindings: [] };
    case 'department':
      return bound(grant.departmentId, (id) => ({
        sql: `EXISTS (SELECT FROM roster_membership xm JOIN section xg ON xg.id = xm.section_id
            WHERE xm.student_id = ${st}.id AND xg.department_id = ? AND xm.valid_during && ${since.sql})`,
        bindings: [id, ...since.bindings],
      }));
    case 'taught':
      return bound(principal.facultyCode, (code) => {
        const taught = taughtGroups(code, periodsAt(principal.asOfMs));
        return {
          sql: `${st}.id IN (SELECT xm.student_id FROM (${taught.sql}) xg
            JOIN roster_membership xm ON xm.section_id = xg.section_id AND xm.valid_during && xg.during)`,
          bindings: taught.bindings,
        };
      });
    case 'mentored':
      return bound(grant.sectionId, (id) => ({
        sql: `EXISTS (SELECT FROM roster_membership xm WHERE xm.student_id = ${st}.id AND xm.section_id = ?
            AND xm.valid_during && ${since.sql})`,
        bindings: [id, ...since.bindings],
      }));
    case 'self':
      return own(`${st}.id`, principal.studentId);
    case 'child':
      return children(`${st}.id`, principal.guardianId);
  }
}

function own(studentColumn: string, studentId: string | null): Scope {
  return bound(studentId, (id) => ({ sql: `${studentColumn} = ?::uuid`, bindings: [id] }));
}

function children(studentColumn: string, guardianId: string | null): Scope {
  return bound(guardianId, (id) => ({
    sql: `EXISTS (SELECT FROM guardianship xw WHERE xw.student_id = ${studentColumn} AND xw.guardian_id = ?::uuid)`,
    bindings: [id],
  }));
}

/** A role that lacks what it reaches (a mentor of no section) reaches nothing. */
function bound(value: string | null, scope: (value: string) => Scope): Scope {
  return value === null ? NOTHING : scope(value);
}

function anyOf(scopes: readonly Scope[]): Scope {
  if (scopes.length === 0) return NOTHING;
  const all = scopes.find(({ sql }) => sql === 'true');
  if (all !== undefined) return all;
  return {
    sql: scopes.map(({ sql }) => `(${sql})`).join(' OR '),
    bindings: scopes.flatMap(({ bindings }) => bindings),
  };
}

/**
 * Lets an act on one class session through.
 *
 * @throws RollcallError `NOT_FOUND` where the person may not even see it, `FORBIDDEN` where the act is not allowed
 */
export async function requireSession(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  sessionId: string,
): Promise<void> {
  const seen = visibleSessions(principal, 'sessions.read');
  const reached = visibleSessions(principal, permission);
  await refuseOutside(knex, {
    from: 'attendance_session s WHERE s.id = ?::uuid',
    id: sessionId,
    seen,
    reached,
    what: 'class session',
  });
}

/** As `requireSession`, for one student. */
export async function requireStudent(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  studentId: string,
): Promise<void> {
  const seen = visibleStudents(principal, 'people.read');
  const reached = visibleStudents(principal, permission);
  await refuseOutside(knex, {
    from: 'student st WHERE st.id = ?::uuid',
    id: studentId,
    seen,
    reached,
    what: 'student',
  });
}

/** Whether the person reaches this class session by more than teaching it: as head of it, or of everything. */
export async function isAboveSession(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  sessionId: string,
): Promise<boolean> {
  const above = reachesOf(principal, permission).filter(({ reach }) => reach !== 'taught');
  const scope = anyOf(above.map((reached) => sessionsOf(principal, reached, 's')));
  if (scope === NOTHING) return false;
  const { rows } = await prepared<{ rows: object[] }>(
    knex,
    `SELECT 1 FROM attendance_session s WHERE s.id = ?::uuid AND (${scope.sql})`,
    [sessionId, ...scope.bindings],
  );
  return rows.length > 0;
}

export interface PlannedClass {
  course: string;
  sections: readonly string[];
}

/** As `isAboveSession`, of a class that is not there yet: the course, or every one of its groups, is within reach. */
export async function isAboveClass(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  { course, sections }: PlannedClass,
): Promise<boolean> {
  if (reachesAll(principal, permission)) return true;
  const departments = departmentsOf(principal, permission);
  const { rows } = await knex.raw<{ rows: { is_above: boolean }[] }>(
    `SELECT ${GROUPS_WITHIN_SQL} OR ${COURSE_WITHIN_SQL} AS is_above`,
    [sections as never, departments as never, course, departments as never],
  );
  return rows[0]?.is_above === true;
}

/**
 * For what belongs to no class yet: without the reach `all` the course and every group are of the own department.
 *
 * @throws RollcallError `FORBIDDEN`
 */
export async function requireWithin(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  { course, sections }: PlannedClass,
): Promise<void> {
  if (reachesAll(principal, permission)) return;
  const departments = departmentsOf(principal, permission);
  const { rows } = await knex.raw<{ rows: { is_within: boolean }[] }>(
    `SELECT ${GROUPS_WITHIN_SQL} AND ${COURSE_WITHIN_SQL} AS is_within`,
    [sections as never, departments as never, course, departments as never],
  );
  if (rows[0]?.is_within === true) return;
  throw new RollcallError(
    'FORBIDDEN',
    'The course and every group have to be of your department; ask the office or the other head',
  );
}

export const reachesAll = (principal: Principal, permission: Permission): boolean =>
  reachesOf(principal, permission).some(({ reach }) => reach === 'all');

const departmentsOf = (principal: Principal, permission: Permission): string[] =>
  reachesOf(principal, permission).flatMap(({ reach, grant }) =>
    reach === 'department' && grant.departmentId !== null ? [grant.departmentId] : [],
  );

/** A batch is of the department of its section. */
const GROUPS_WITHIN_SQL = `?::text[] <@ ARRAY(SELECT g.id FROM section g LEFT JOIN section p ON p.id = g.parent_id
  WHERE coalesce(g.department_id, p.department_id) = ANY(?::text[]))`;
const COURSE_WITHIN_SQL = 'EXISTS (SELECT FROM course WHERE code = ? AND department_id = ANY(?::text[]))';

interface Outside {
  from: string;
  id: string;
  seen: Scope;
  reached: Scope;
  what: string;
}

async function refuseOutside(knex: Knex, { from, id, seen, reached, what }: Outside): Promise<void> {
  const { rows } = await prepared<{ rows: { is_seen: boolean; is_reached: boolean }[] }>(
    knex,
    `SELECT (${seen.sql}) AS is_seen, (${reached.sql}) AS is_reached FROM ${from}`,
    [...seen.bindings, ...reached.bindings, id],
  );
  const [row] = rows;
  if (row?.is_reached === true) return;
  if (row?.is_seen === true) {
    throw new RollcallError(
      'FORBIDDEN',
      `You may see this ${what}, but none of your roles may do this with it`,
    );
  }
  throw new RollcallError('NOT_FOUND', `There is no ${what} ${id}`);
}
