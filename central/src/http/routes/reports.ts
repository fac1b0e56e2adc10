import type { Principal } from '../../auth/principal.js';
import { visibleAggregates } from '../../auth/scope.js';
import { programmeOfStudentSql } from '../../calendar/programme-of-student.js';
import { loadSettings } from '../../calendar/settings.js';
import type { Knex } from '../../db/database.js';
import { AGGREGATE_SHARE_SQL } from '../../statistics/aggregate-share.js';
import { LIMITS_SQL, limitsOf } from '../../statistics/limits.js';
import { dayOf, readPeriod } from '../../statistics/period.js';
import { shownPercent } from '../../statistics/share.js';
import { type ThresholdsOf, thresholdsOf } from '../../statistics/thresholds.js';
import { Conditions } from '../conditions.js';
import { API, toInstant } from '../contracts/fields.js';
import {
  defaultersQuery,
  eligibilityQuery,
  type ReportedStudent,
  reportedStudentSchema,
} from '../contracts/statistics.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { defineRoute, type HttpContext } from '../route.js';
import { toShare } from '../views/statistics-view.js';

const TAG = 'Reports';

interface ReportedRow {
  student_id: string;
  roll_number: string;
  full_name: string;
  programme_id: string | null;
  held: number;
  attended: number;
  excused_periods: number;
  pending_periods: number;
  below: { code: string; title: string; held: number; attended: number }[];
  last_calculated: Date;
}

const ELIGIBLE_SQL = 'a.held = 0 OR a.attended * 100 >= l.enough * a.held';

export const examEligibility = defineRoute(
  {
    method: 'get',
    path: `${API}/reports/exam-eligibility/`,
    operationId: 'reportExamEligibility',
    tag: TAG,
    summary: 'Who may sit the examination by the aggregate of a period, by roll number',
    access: 'reports.read',
    rate: 'statistics',
    query: eligibilityQuery,
    reply: { schema: pageOf(reportedStudentSchema) },
    errors: ['NOT_FOUND', 'CONFIG_INVALID'],
  },
  async ({ principal, query }, context) => {
    const conditions = new Conditions();
    if (query.eligible !== undefined) conditions.add(`(${ELIGIBLE_SQL}) = ?`, query.eligible === 'true');
    return { body: await report(context, { principal, query, conditions }) };
  },
);

export const defaulters = defineRoute(
  {
    method: 'get',
    path: `${API}/reports/defaulters/`,
    operationId: 'reportDefaulters',
    tag: TAG,
    summary: 'Who is below the threshold of the aggregate or the minimum of a course, by roll number',
    access: 'reports.read',
    rate: 'statistics',
    query: defaultersQuery,
    reply: { schema: pageOf(reportedStudentSchema) },
    errors: ['NOT_FOUND', 'CONFIG_INVALID'],
  },
  async ({ principal, query }, context) => {
    const conditions = new Conditions().add(`NOT (${ELIGIBLE_SQL}) OR b.below <> '[]'`);
    return { body: await report(context, { principal, query, conditions }) };
  },
);

interface Asked {
  principal: Principal;
  query: {
    academic_period?: string | undefined;
    department?: string | undefined;
    section?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  };
  conditions: Conditions;
}

async function report({ db: { knex }, clock }: HttpContext, { principal, query, conditions }: Asked) {
  const nowMs = clock.wallMs();
  const [settingsAt, period] = await Promise.all([
    loadSettings(knex),
    readPeriod(knex, query.academic_period, nowMs),
  ]);
  const thresholds = thresholdsOf(settingsAt, { endsOn: period.ends_on, zone: period.zone }, nowMs);
  const scope = visibleAggregates(principal, 'reports.read');
  conditions.add(scope.sql, ...scope.bindings);
  if (query.department !== undefined) conditions.add(IN_DEPARTMENT_SQL, query.department);
  if (query.section !== undefined) conditions.add(IN_SECTION_SQL, query.section);
  const position = decodeCursor(query.cursor, [shortText, uuidText]);
  if (position !== undefined) conditions.add('(st.roll_number, st.id) > (?, ?::uuid)', ...position);
  const limits = await limitsOf(knex, thresholds);
  const rows = await readRows(knex, {
    periodId: period.id,
    day: dayOf(period, nowMs),
    limits,
    conditions,
    count: query.limit + 1,
  });
  return pageFrom(rows, query.limit, {
    item: (row) => toItem(row, period, thresholds),
    position: (row) => [row.roll_number, row.student_id],
  });
}

const MEMBERSHIP_SQL = `FROM roster_membership m JOIN section g ON g.id = m.section_id
  WHERE m.student_id = st.id AND m.valid_during && daterange(p.starts_on, p.ends_on, '[]')`;
const IN_DEPARTMENT_SQL = `EXISTS (SELECT ${MEMBERSHIP_SQL} AND g.department_id = ?)`;
const IN_SECTION_SQL = `EXISTS (SELECT ${MEMBERSHIP_SQL} AND g.id = ?)`;

interface Wanted {
  periodId: string;
  /** Whose settings hold: those of the students' programmes on this date. */
  day: string;
  limits: string;
  conditions: Conditions;
  count: number;
}

async function readRows(
  knex: Knex,
  { periodId, day, limits, conditions, count }: Wanted,
): Promise<ReportedRow[]> {
  const { rows } = await knex.raw<{ rows: ReportedRow[] }>(
    `WITH l AS MATERIALIZED (${LIMITS_SQL}), a AS (
       SELECT a.student_id, a.academic_period_id, ${AGGREGATE_SHARE_SQL}, a.excused_periods, a.pending_periods, a.last_calculated
       FROM aggregate_statistics a WHERE a.academic_period_id = ?
     )
     SELECT st.id AS student_id, st.roll_number, st.full_name, own.programme_id, a.held, a.attended, a.excused_periods,
       a.pending_periods, a.last_calculated, b.below
     FROM a JOIN student st ON st.id = a.student_id JOIN academic_period p ON p.id = a.academic_period_id
       LEFT JOIN LATERAL (${programmeOfStudentSql('st.id', '?::date')}) own ON true
       JOIN l ON l.programme IS NOT DISTINCT FROM own.programme_id AND l.course_type IS NULL
       CROSS JOIN LATERAL (
         SELECT coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'title', c.title, 'held', s.held_periods,
             'attended', least(s.attended_periods + s.bonus_periods, s.held_periods)) ORDER BY c.code, g.id), '[]') AS below
         FROM attendance_statistics s JOIN course c ON c.code = s.course_code JOIN section g ON g.id = s.section_id
           JOIN l m ON m.programme IS NOT DISTINCT FROM g.programme_id AND m.course_type = c.course_type
         WHERE s.student_id = a.student_id AND s.academic_period_id = a.academic_period_id AND s.held_periods > 0
           AND least(s.attended_periods + s.bonus_periods, s.held_periods) * 100 < m.minimum * s.held_periods
       ) b
     WHERE ${conditions.where} ORDER BY st.roll_number, st.id LIMIT ?`,
    [limits, periodId, day, ...conditions.bindings, count] as never,
  );
  return rows;
}

function toItem(
  row: ReportedRow,
  { id, name }: { id: string; name: string },
  thresholds: ThresholdsOf,
): ReportedStudent {
  return {
    student: { roll_number: row.roll_number, name: row.full_name },
    academic_period: { id, name },
    ...toShare(row, row, thresholds({ programmeId: row.programme_id })),
    courses_below_minimum: row.below.map(({ code, title, ...periods }) => ({
      code,
      title,
      attendance_percentage: shownPercent(periods),
    })),
    last_calculated: toInstant(row.last_calculated),
  };
}
