import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { visibleAggregates, visibleStatistics, visibleStudents } from '../../auth/scope.js';
import { programmeOfStudentSql } from '../../calendar/programme-of-student.js';
import { loadSettings } from '../../calendar/settings.js';
import type { Knex } from '../../db/database.js';
import { prepared } from '../../db/prepared.js';
import { courseRows } from '../../statistics/course-rows.js';
import { noPeriod, PERIOD_SQL, type Period, periodBindings } from '../../statistics/period.js';
import { type ThresholdsOf, thresholdsOf } from '../../statistics/thresholds.js';
import { API } from '../contracts/fields.js';
import { type StudentSummary, studentSummaryQuery, studentSummarySchema } from '../contracts/statistics.js';
import { uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import {
  type AggregateRow,
  COURSE_OBJECT,
  type CourseRow,
  type OutlookRow,
  toAggregate,
  toCourseItem,
  toOutlook,
  withBonus,
} from '../views/statistics-view.js';
import { STATISTICS_TAG } from './statistics.js';

/** As `dayOf`, of the period `p`. */
const PERIOD_DAY_SQL = 'least((?::timestamptz AT TIME ZONE p.zone)::date, p.ends_on)';

interface SummaryQuery {
  student_id?: string | undefined;
  course_section_id?: string | undefined;
  academic_period?: string | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
}

type SummaryCourse = CourseRow & OutlookRow & { last_calculated: string };

interface SummaryRow {
  roll_number: string;
  full_name: string;
  is_seen: boolean;
  sees_aggregate: boolean;
  period: Period | null;
  programme_id: string | null;
  courses: SummaryCourse[];
  credit: { held: number; attended: number };
  credits: StudentSummary['credits'];
  leave_days: number;
}

export const studentSummary = defineRoute(
  {
    method: 'get',
    path: `${API}/statistics/student-summary/`,
    operationId: 'studentSummary',
    tag: STATISTICS_TAG,
    summary: 'One student: every course, the aggregate, credits and what is still possible',
    access: 'statistics.read',
    rate: 'statistics',
    query: studentSummaryQuery,
    reply: { schema: studentSummarySchema },
    errors: ['NOT_FOUND', 'CONFIG_INVALID'],
  },
  async ({ principal, query }, { db, clock }) => {
    const nowMs = clock.wallMs();
    const [settingsAt, row] = await Promise.all([
      loadSettings(db.knex),
      readSummary(db.knex, principal, { query, nowMs }),
    ]);
    const { period } = row;
    if (period === null) throw noPeriod(query.academic_period);
    const thresholds = thresholdsOf(settingsAt, { endsOn: period.ends_on, zone: period.zone }, nowMs);
    return { body: toSummary(row, { query, period, thresholds }) };
  },
);

async function readSummary(
  knex: Knex,
  principal: Principal,
  { query, nowMs }: { query: SummaryQuery; nowMs: number },
): Promise<SummaryRow> {
  const whose = query.student_id ?? principal.studentId ?? undefined;
  if (whose === undefined) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'student_id: say whose summary is asked for; you are no student',
    );
  }
  const studentSql = uuidText.safeParse(whose).success ? 'st.id = ?::uuid' : 'st.roll_number = ?';
  const seen = visibleStudents(principal, 'statistics.read');
  const seenAggregate = visibleAggregates(principal, 'statistics.read');
  const seenRows = visibleStatistics(principal, 'statistics.read', 's');
  const limits = { from: query.start_date, until: query.end_date };
  const source = courseRows(limits, { sql: 'd.student_id = st.id', bindings: [] });
  const { rows } = await prepared<{ rows: SummaryRow[] }>(
    knex,
    `SELECT st.roll_number, st.full_name, (${seen.sql}) AS is_seen, (${seenAggregate.sql}) AS sees_aggregate,
       to_jsonb(p) AS period, (${programmeOfStudentSql('st.id', PERIOD_DAY_SQL)}) AS programme_id, k.credit, k.credits,
       (SELECT coalesce(jsonb_agg(${COURSE_OBJECT} || jsonb_build_object('remaining_periods', o.remaining_periods,
           'outlook_from', o.from_date, 'last_calculated', s.last_calculated) ORDER BY c.code, g.id), '[]')
        FROM ${source.sql} s JOIN course c ON c.code = s.course_code JOIN section g ON g.id = s.section_id
          LEFT JOIN course_outlook o ON o.section_id = s.section_id AND o.course_code = s.course_code
            AND o.academic_period_id = s.academic_period_id
        WHERE s.student_id = st.id AND s.academic_period_id = p.id AND (${seenRows.sql})
          AND s.section_id = coalesce(?::text, s.section_id)) AS courses,
       (SELECT coalesce(sum(least(l.end_date, coalesce(?::date, p.ends_on))
           - greatest(l.start_date, coalesce(?::date, p.starts_on)) + 1), 0)::int
        FROM attendance_leave_application l WHERE l.student_id = st.id AND l.status = 'approved'
          AND l.start_date <= coalesce(?::date, p.ends_on) AND l.end_date >= coalesce(?::date, p.starts_on)) AS leave_days
     FROM student st
       LEFT JOIN LATERAL (${PERIOD_SQL}) p ON true
       CROSS JOIN LATERAL (
         SELECT coalesce(jsonb_agg(jsonb_build_object('kind', ac.kind, 'course_code', ac.course_code,
             'exam_date', ac.exam_date, 'held_periods', ac.held_periods, 'attended_periods', ac.attended_periods, 'reason', ac.reason)
             ORDER BY ac.booked_at, ac.id), '[]') AS credits,
           jsonb_build_object('held', coalesce(sum(ac.held_periods) FILTER (WHERE coalesce(cc.counts_in_aggregate, true)), 0),
             'attended', coalesce(sum(ac.attended_periods) FILTER (WHERE coalesce(cc.counts_in_aggregate, true)), 0)) AS credit
         FROM attendance_credit ac LEFT JOIN course cc ON cc.code = ac.course_code
         WHERE ac.student_id = st.id AND ac.academic_period_id = p.id
       ) k
     WHERE ${studentSql}`,
    [
      ...seen.bindings,
      ...seenAggregate.bindings,
      new Date(nowMs),
      ...source.bindings,
      ...seenRows.bindings,
      query.course_section_id ?? null,
      query.end_date ?? null,
      query.start_date ?? null,
      query.end_date ?? null,
      query.start_date ?? null,
      ...periodBindings(query.academic_period, nowMs),
      whose,
    ],
  );
  const [row] = rows;
  if (row?.is_seen === true) return row;
  throw new RollcallError('NOT_FOUND', `There is no student ${whose}`);
}

interface Asked {
  query: SummaryQuery;
  period: Period;
  thresholds: ThresholdsOf;
}

function toSummary(row: SummaryRow, { query, period, thresholds }: Asked): StudentSummary {
  const { zone: _zone, ...shownPeriod } = period;
  const isPart = query.start_date !== undefined || query.end_date !== undefined;
  // Of some dates or of one group: credits and the aggregate are of the whole.
  const isWhole = !isPart && query.course_section_id === undefined;
  const times = row.courses.map(({ last_calculated }) => Date.parse(last_calculated));
  return {
    student: { roll_number: row.roll_number, name: row.full_name },
    academic_period: shownPeriod,
    start_date: query.start_date ?? null,
    end_date: query.end_date ?? null,
    courses: row.courses.map((course) => {
      const limits = thresholds({ programmeId: course.programme_id, courseType: course.course_type });
      const outlook = isPart ? { ...course, remaining_periods: null } : course;
      return { ...toCourseItem(course, limits), ...toOutlook(withBonus(course), outlook, limits) };
    }),
    aggregate:
      row.sees_aggregate && query.course_section_id === undefined
        ? toAggregate(aggregateOf(row, isPart), thresholds({ programmeId: row.programme_id }))
        : null,
    credits: isWhole && row.sees_aggregate ? row.credits : [],
    leave_days: row.leave_days,
    last_calculated: times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
  };
}

/** As `aggregate_statistics` sums it up, from the rows that are read anyway; a bonus counts within its course. */
function aggregateOf({ courses, credit }: SummaryRow, isPart: boolean): AggregateRow {
  const counting = courses.filter((course) => course.counts_in_aggregate);
  const sum = (of: (course: SummaryCourse) => number): number =>
    counting.reduce((total, course) => total + of(course), 0);
  const byCourse = new Map<string, { held: number; attended: number }>();
  for (const course of counting) {
    const { held, attended } = byCourse.get(course.course_code) ?? { held: 0, attended: 0 };
    byCourse.set(course.course_code, {
      held: held + course.held_periods,
      attended: attended + course.attended_periods + course.bonus_periods,
    });
  }
  const isPlanned =
    !isPart && counting.length > 0 && counting.every((course) => course.remaining_periods !== null);
  return {
    held_periods: sum((course) => course.held_periods),
    attended_periods: [...byCourse.values()].reduce(
      (total, { held, attended }) => total + Math.min(held, attended),
      0,
    ),
    excused_periods: sum((course) => course.excused_periods),
    pending_periods: sum((course) => course.pending_periods),
    credit_held_periods: isPart ? 0 : credit.held,
    credit_attended_periods: isPart ? 0 : credit.attended,
    remaining_periods: isPlanned ? sum((course) => course.remaining_periods ?? 0) : null,
    outlook_from: counting[0]?.outlook_from ?? null,
  };
}
