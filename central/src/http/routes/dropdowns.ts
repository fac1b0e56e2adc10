import { requireSession, visibleStudents } from '../../auth/scope.js';
import {
  byPeriodQuery,
  byYearQuery,
  courseSectionChoices,
  semesterChoices,
  slotChoices,
  studentChoices,
} from '../contracts/dropdowns.js';
import { API, uuidParams } from '../contracts/fields.js';
import { defineRoute } from '../route.js';

const TAG = 'Choices';
const PATH = `${API}/dropdowns/`;
/** A list to choose from that is longer is of no use; a college of five thousand has some 3,400 weekly slots. */
const CHOICES_MAX = 20_000;

export const semestersByYear = defineRoute(
  {
    method: 'get',
    path: `${PATH}semesters-by-academic-year/`,
    operationId: 'semestersByAcademicYear',
    tag: TAG,
    summary: 'The periods of an academic year',
    access: 'masters.read',
    query: byYearQuery,
    reply: { schema: semesterChoices },
  },
  async ({ query }, { db }) => {
    const results = await db
      .knex('academic_period')
      .where({ academic_year_id: query.academic_year })
      .orderBy(['starts_on', 'id'])
      .limit(CHOICES_MAX)
      .select('id', 'name', 'semester', 'is_current');
    return { body: { results } };
  },
);

export const courseSectionsByPeriod = defineRoute(
  {
    method: 'get',
    path: `${PATH}course-sections-by-period/`,
    operationId: 'courseSectionsByPeriod',
    tag: TAG,
    summary: 'Which group has which course in a period, and who teaches it',
    access: 'timetable.read',
    query: byPeriodQuery,
    reply: { schema: courseSectionChoices },
  },
  async ({ query }, { db }) => {
    const { rows } = await db.knex.raw(
      `SELECT t.course_code AS course, c.title, t.section_id AS section, g.name AS section_name,
         array_agg(DISTINCT t.faculty_code ORDER BY t.faculty_code) AS faculty
       FROM attendance_timetable_slot t JOIN course c ON c.code = t.course_code JOIN section g ON g.id = t.section_id
       WHERE t.academic_period_id = ? AND t.is_active GROUP BY 1, 2, 3, 4 ORDER BY 3, 1 LIMIT ${CHOICES_MAX}`,
      [query.academic_period],
    );
    return { body: { results: rows } };
  },
);

export const slotsByPeriod = defineRoute(
  {
    method: 'get',
    path: `${PATH}timetable-slots-by-period/`,
    operationId: 'timetableSlotsByPeriod',
    tag: TAG,
    summary: 'The weekly slots of a period',
    access: 'timetable.read',
    query: byPeriodQuery,
    reply: { schema: slotChoices },
  },
  async ({ query }, { db }) => {
    const { rows } = await db.knex.raw(
      `SELECT id, course_code AS course, section_id AS section, room_id AS room, day_of_week,
         to_char(start_time, 'HH24:MI') AS start_time, to_char(end_time, 'HH24:MI') AS end_time
       FROM attendance_timetable_slot WHERE academic_period_id = ? AND is_active
       ORDER BY section_id, day_of_week, attendance_timetable_slot.start_time, id LIMIT ${CHOICES_MAX}`,
      [query.academic_period],
    );
    return { body: { results: rows } };
  },
);

export const studentsOfSession = defineRoute(
  {
    method: 'get',
    path: `${PATH}sessions/{id}/students/`,
    operationId: 'studentsOfSession',
    tag: TAG,
    summary: 'The students on the rosters of a class session on its date, as far as you see them',
    access: 'sessions.read',
    params: uuidParams,
    reply: { schema: studentChoices },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async ({ params, principal }, { db }) => {
    await requireSession(db.knex, principal, 'sessions.read', params.id);
    const scope = visibleStudents(principal, 'people.read');
    const { rows } = await db.knex.raw(
      `SELECT st.id, st.roll_number, st.full_name AS name FROM student st
       WHERE st.id IN (SELECT m.student_id FROM session_section g
           JOIN roster_membership m ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
           WHERE g.session_id = ?::uuid)
         AND (${scope.sql}) ORDER BY st.roll_number LIMIT ${CHOICES_MAX}`,
      [params.id, ...scope.bindings],
    );
    return { body: { results: rows } };
  },
);
