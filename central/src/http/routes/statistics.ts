import { visibleStatistics } from '../../auth/scope.js';
import { loadSettings } from '../../calendar/settings.js';
import { thresholdsOf } from '../../statistics/thresholds.js';
import { Conditions } from '../conditions.js';
import { API, toInstant } from '../contracts/fields.js';
import { type StatisticsItem, statisticsQuery, statisticsSchema } from '../contracts/statistics.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { COURSE_COLUMNS, type CourseRow, toCourseItem } from '../views/statistics-view.js';

export const STATISTICS_TAG = 'Statistics';

interface ListedRow extends CourseRow {
  student_id: string;
  roll_number: string;
  full_name: string;
  period_id: string;
  period_name: string;
  ends_on: string;
  zone: string;
  last_calculated: Date;
}

export const listStatistics = defineRoute(
  {
    method: 'get',
    path: `${API}/statistics/`,
    operationId: 'listStatistics',
    tag: STATISTICS_TAG,
    summary: 'Attendance of each student in each course, by roll number',
    access: 'statistics.read',
    rate: 'statistics',
    query: statisticsQuery,
    reply: { schema: pageOf(statisticsSchema) },
    errors: ['CONFIG_INVALID'],
  },
  async ({ principal, query }, { db, clock }) => {
    const conditions = new Conditions()
      .equal('st.roll_number', query.student)
      .equal('s.section_id', query.course_section)
      .equal('s.course_code', query.course)
      .equal('s.academic_period_id', query.academic_period);
    if (query.below_percent !== undefined) {
      conditions.add(
        's.held_periods > 0 AND least(s.attended_periods + s.bonus_periods, s.held_periods) * 100 < ? * s.held_periods',
        query.below_percent,
      );
    }
    if (query.no_basis !== undefined) conditions.add('s.held_periods = 0');
    const scope = visibleStatistics(principal, 'statistics.read', 's');
    conditions.add(scope.sql, ...scope.bindings);
    const position = decodeCursor(query.cursor, [shortText, shortText, shortText, shortText, uuidText]);
    if (position !== undefined) {
      conditions.add(
        '(st.roll_number, s.academic_period_id, s.course_code, s.section_id, st.id) > (?, ?, ?, ?, ?::uuid)',
        ...position,
      );
    }
    const [settingsAt, { rows }] = await Promise.all([
      loadSettings(db.knex),
      db.knex.raw<{ rows: ListedRow[] }>(
        `SELECT st.id AS student_id, st.roll_number, st.full_name, p.id AS period_id, p.name AS period_name, p.ends_on,
           z.zone, s.last_calculated, ${COURSE_COLUMNS}
         FROM attendance_statistics s JOIN student st ON st.id = s.student_id JOIN course c ON c.code = s.course_code
           JOIN section g ON g.id = s.section_id JOIN academic_period p ON p.id = s.academic_period_id
           JOIN campus z ON z.id = p.campus_id
         WHERE ${conditions.where}
         ORDER BY st.roll_number, s.academic_period_id, s.course_code, s.section_id, st.id LIMIT ?`,
        [...conditions.bindings, query.limit + 1] as never,
      ),
    ]);
    const item = (row: ListedRow): StatisticsItem => {
      const thresholds = thresholdsOf(settingsAt, { endsOn: row.ends_on, zone: row.zone }, clock.wallMs());
      return {
        student: { roll_number: row.roll_number, name: row.full_name },
        academic_period: { id: row.period_id, name: row.period_name },
        ...toCourseItem(row, thresholds({ programmeId: row.programme_id, courseType: row.course_type })),
        last_calculated: toInstant(row.last_calculated),
      };
    };
    return {
      body: pageFrom(rows, query.limit, {
        item,
        position: (row) => [row.roll_number, row.period_id, row.course_code, row.section_id, row.student_id],
      }),
    };
  },
);
