import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { visibleAggregates, visibleStatistics } from '../../auth/scope.js';
import { programmeOfStudentSql } from '../../calendar/programme-of-student.js';
import { loadSettings } from '../../calendar/settings.js';
import type { Knex } from '../../db/database.js';
import { AGGREGATE_SHARE_SQL } from '../../statistics/aggregate-share.js';
import { courseRows } from '../../statistics/course-rows.js';
import { dayOf, readPeriod } from '../../statistics/period.js';
import { type ThresholdsOf, thresholdsOf } from '../../statistics/thresholds.js';
import { Conditions } from '../conditions.js';
import { API } from '../contracts/fields.js';
import {
  type CourseSummaryItem,
  courseSummaryQuery,
  courseSummarySchema,
  type Overview,
  overviewQuery,
  overviewSchema,
} from '../contracts/statistics.js';
import { defineRoute } from '../route.js';
import { type Pooled, toPool } from '../views/statistics-view.js';
import { STATISTICS_TAG } from './statistics.js';

/** Students with the same numbers are one row: few, however many students there are. */
interface PooledRow extends Pooled {
  course_code: string;
  course_title: string;
  course_type: string;
  section_id: string;
  section_name: string;
  programme_id: string | null;
}

export const courseSummary = defineRoute(
  {
    method: 'get',
    path: `${API}/statistics/course-summary/`,
    operationId: 'courseSummary',
    tag: STATISTICS_TAG,
    summary: 'The courses of one group: all students as one share, and how many stand where',
    access: 'statistics.read',
    rate: 'statistics',
    query: courseSummaryQuery,
    reply: { schema: courseSummarySchema },
    errors: ['NOT_FOUND', 'CONFIG_INVALID'],
  },
  async ({ principal, query }, { db, clock }) => {
    const nowMs = clock.wallMs();
    const [settingsAt, found] = await Promise.all([
      loadSettings(db.knex),
      readPeriod(db.knex, query.academic_period, nowMs),
    ]);
    const { zone, ...period } = found;
    const thresholds = thresholdsOf(settingsAt, { endsOn: period.ends_on, zone }, nowMs);
    const limits = { from: query.start_date, until: query.end_date };
    const source = courseRows(limits, {
      sql: 'd.session_id IN (SELECT session_id FROM session_section WHERE section_id = ?)',
      bindings: [query.course_section_id],
    });
    const conditions = new Conditions()
      .equal('s.section_id', query.course_section_id)
      .equal('s.course_code', query.course)
      .equal('s.academic_period_id', period.id);
    const scope = visibleStatistics(principal, 'statistics.read', 's');
    conditions.add(scope.sql, ...scope.bindings);
    const { rows } = await db.knex.raw<{ rows: PooledRow[] }>(
      `SELECT c.code AS course_code, c.title AS course_title, c.course_type, g.id AS section_id, g.name AS section_name,
         g.programme_id, s.held_periods AS held, least(s.attended_periods + s.bonus_periods, s.held_periods) AS attended,
         s.pending_periods AS pending, count(*)::int AS students
       FROM ${source.sql} s JOIN course c ON c.code = s.course_code JOIN section g ON g.id = s.section_id
       WHERE ${conditions.where}
       GROUP BY c.code, g.id, s.held_periods, least(s.attended_periods + s.bonus_periods, s.held_periods), s.pending_periods
       ORDER BY c.code, g.id`,
      [...source.bindings, ...conditions.bindings] as never,
    );
    if (rows.length === 0) await requireSection(db.knex, principal, query.course_section_id);
    return {
      body: {
        academic_period: period,
        start_date: query.start_date ?? null,
        end_date: query.end_date ?? null,
        results: grouped(rows, ({ course_code }) => course_code).map((same) => toCourse(same, thresholds)),
      },
    };
  },
);

function toCourse(rows: readonly PooledRow[], thresholds: ThresholdsOf): CourseSummaryItem {
  const [first] = rows as [PooledRow];
  return {
    course: { code: first.course_code, title: first.course_title },
    section: { id: first.section_id, name: first.section_name },
    ...toPool(rows, thresholdsFor(thresholds)),
  };
}

const thresholdsFor =
  (thresholds: ThresholdsOf) =>
  ({ programme_id, course_type }: Pick<PooledRow, 'programme_id' | 'course_type'>) =>
    thresholds({ programmeId: programme_id, courseType: course_type });

/** An empty list says "nothing yet" only about a group that the person may see. */
async function requireSection(knex: Knex, principal: Principal, sectionId: string): Promise<void> {
  const scope = visibleStatistics(principal, 'statistics.read', 's');
  const { rows } = await knex.raw<{ rows: object[] }>(
    `SELECT 1 FROM section g WHERE g.id = ? AND EXISTS (
       SELECT FROM (SELECT m.student_id, m.section_id, a.course_code FROM roster_membership m
         LEFT JOIN attendance_session a ON a.section_id = m.section_id WHERE m.section_id = g.id) s WHERE ${scope.sql})`,
    [sectionId, ...scope.bindings],
  );
  if (rows.length === 0) throw new RollcallError('NOT_FOUND', `There is no group ${sectionId}`);
}

export const statisticsOverview = defineRoute(
  {
    method: 'get',
    path: `${API}/statistics/overview/`,
    operationId: 'statisticsOverview',
    tag: STATISTICS_TAG,
    summary: 'Everything that the person sees: students by their aggregate, and course by course',
    access: 'statistics.read',
    rate: 'statistics',
    query: overviewQuery,
    reply: { schema: overviewSchema },
    errors: ['NOT_FOUND', 'CONFIG_INVALID'],
  },
  async ({ principal, query }, { db, clock }) => {
    const nowMs = clock.wallMs();
    const [settingsAt, found] = await Promise.all([
      loadSettings(db.knex),
      readPeriod(db.knex, query.academic_period, nowMs),
    ]);
    const { zone, ...period } = found;
    const thresholds = thresholdsOf(settingsAt, { endsOn: period.ends_on, zone }, nowMs);
    const wanted = { periodId: period.id, day: dayOf(found, nowMs), department: query.department };
    const [courses, students] = await Promise.all([
      readCourses(db.knex, principal, wanted),
      readStudents(db.knex, principal, wanted),
    ]);
    const body: Overview = {
      academic_period: period,
      aggregate:
        students === undefined
          ? null
          : toPool(students, ({ programme_id }) => thresholds({ programmeId: programme_id })),
      courses: grouped(courses, ({ course_code }) => course_code).map((same) => {
        const [first] = same as [PooledRow];
        return {
          course: { code: first.course_code, title: first.course_title },
          ...toPool(same, thresholdsFor(thresholds)),
        };
      }),
    };
    return { body };
  },
);

interface Wanted {
  periodId: string;
  /** Whose settings hold: those of the students' programmes on this date. */
  day: string;
  department: string | undefined;
}

async function readCourses(
  knex: Knex,
  principal: Principal,
  { periodId, department }: Wanted,
): Promise<PooledRow[]> {
  const conditions = new Conditions()
    .equal('s.academic_period_id', periodId)
    .equal('c.department_id', department);
  const scope = visibleStatistics(principal, 'statistics.read', 's');
  conditions.add(scope.sql, ...scope.bindings);
  const { rows } = await knex.raw<{ rows: PooledRow[] }>(
    `SELECT c.code AS course_code, c.title AS course_title, c.course_type, s.programme_id, s.held, s.attended, s.pending,
       s.students
     FROM (SELECT s.course_code, g.programme_id, s.held_periods AS held, least(s.attended_periods + s.bonus_periods, s.held_periods) AS attended,
         s.pending_periods AS pending, count(*)::int AS students
       FROM attendance_statistics s JOIN course c ON c.code = s.course_code JOIN section g ON g.id = s.section_id
       WHERE ${conditions.where} GROUP BY 1, 2, 3, 4, 5) s JOIN course c ON c.code = s.course_code
     ORDER BY c.code`,
    conditions.bindings as never,
  );
  return rows;
}

interface StudentRow extends Pooled {
  programme_id: string | null;
}

/** Undefined for who sees no aggregates at all. */
async function readStudents(
  knex: Knex,
  principal: Principal,
  { periodId, day, department }: Wanted,
): Promise<StudentRow[] | undefined> {
  const scope = visibleAggregates(principal, 'statistics.read');
  if (scope.sql === 'false') return undefined;
  const conditions = new Conditions()
    .equal('a.academic_period_id', periodId)
    .add(scope.sql, ...scope.bindings);
  if (department !== undefined) {
    conditions.add(
      `EXISTS (SELECT FROM roster_membership m JOIN section g ON g.id = m.section_id
        WHERE m.student_id = st.id AND g.department_id = ?)`,
      department,
    );
  }
  const { rows } = await knex.raw<{ rows: StudentRow[] }>(
    `SELECT ${AGGREGATE_SHARE_SQL}, a.pending_periods AS pending, own.programme_id, count(*)::int AS students
     FROM aggregate_statistics a JOIN student st ON st.id = a.student_id
       LEFT JOIN LATERAL (${programmeOfStudentSql('st.id', '?::date')}) own ON true
     WHERE ${conditions.where} GROUP BY 1, 2, 3, 4`,
    [day, ...conditions.bindings] as never,
  );
  return rows;
}

/** Rows that follow each other with the same key. */
function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}
