import { reachesOf } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { visibleSessions } from '../../auth/scope.js';
import { Conditions } from '../conditions.js';
import { API } from '../contracts/fields.js';
import { type Workload, workloadQuery, workloadSchema } from '../contracts/workload.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { defineRoute } from '../route.js';

interface WorkloadRow extends Omit<Workload, 'faculty'> {
  code: string;
  name: string;
}

/** Whoever held it, or was to: a substitute from the moment of being named. */
const TAKER_SQL = 'coalesce(s.substitute_code, s.faculty_code) = f.code';
const HELD_SQL = "s.status IN ('closed', 'finalized', 'locked')";
const COUNTS_SQL = `
  count(*) FILTER (WHERE ${TAKER_SQL} AND ${HELD_SQL})::int AS classes_held,
  coalesce(sum(s.period_count) FILTER (WHERE ${TAKER_SQL} AND ${HELD_SQL}), 0)::int AS periods_held,
  count(*) FILTER (WHERE ${TAKER_SQL} AND ${HELD_SQL} AND s.faculty_code <> f.code)::int AS covered_for_others,
  count(*) FILTER (WHERE NOT (${TAKER_SQL}) AND ${HELD_SQL})::int AS covered_by_others,
  count(*) FILTER (WHERE ${TAKER_SQL} AND s.status = 'not_held')::int AS not_held,
  count(*) FILTER (WHERE ${TAKER_SQL} AND s.status = 'cancelled')::int AS cancelled`;

export const readWorkload = defineRoute(
  {
    method: 'get',
    path: `${API}/workload/`,
    operationId: 'readWorkload',
    tag: 'Statistics',
    summary:
      'What each faculty member held within a range of dates, covered for others, had covered, and did not hold',
    access: 'reviews.read',
    query: workloadQuery,
    reply: { schema: pageOf(workloadSchema) },
  },
  async ({ query, principal }, { db }) => {
    const visible = visibleSessions(principal, 'reviews.read');
    const conditions = new Conditions()
      .add(visible.sql, ...visible.bindings)
      .add('s.scheduled_date BETWEEN ?::date AND ?::date', query.start_date, query.end_date)
      .equal('f.code', query.faculty)
      .equal('c.department_id', query.department);
    // Of a colleague who covered one class only that class is seen: no figure is better than a wrong one.
    if (isForOneself(principal)) conditions.add('f.code = ?', principal.facultyCode);
    const position = decodeCursor(query.cursor, [shortText]);
    if (position !== undefined) conditions.add('f.code > ?', ...position);
    const { rows } = await db.knex.raw<{ rows: WorkloadRow[] }>(
      `SELECT f.code, f.full_name AS name, ${COUNTS_SQL}
       FROM attendance_session s JOIN faculty f ON f.code IN (s.faculty_code, s.substitute_code)
         JOIN course c ON c.code = s.course_code
       WHERE ${conditions.where} GROUP BY f.code, f.full_name ORDER BY f.code LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: ({ code }) => [code] }) };
  },
);

const isForOneself = (principal: Principal): boolean =>
  reachesOf(principal, 'reviews.read').every(({ reach }) => reach === 'taught');

const toItem = ({ code, name, ...counts }: WorkloadRow): Workload => ({
  faculty: { code, name },
  ...counts,
});
