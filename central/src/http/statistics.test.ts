import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { API, type Body, TestServer } from './test-server.js';

const PERIOD = '2026-odd';
const SUMMARY = `${API}/statistics/student-summary/`;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
  await knex('faculty').insert({ code: 'F002', full_name: 'Dr Devi' });
  server.goTo('12:00');
});
afterAll(() => server?.stop());

beforeEach(async () => {
  await server.db.knex.raw(
    `TRUNCATE attendance_statistics, aggregate_statistics, statistics_contribution, statistics_todo, attendance_credit,
       attendance_configuration, course_outlook`,
  );
});

const studentId = async (student: number): Promise<string> =>
  (
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(student) })
      .first('id')
  ).id;

interface Counted {
  student?: number;
  course?: string;
  section?: string;
  held: number;
  attended: number;
  more?: object;
}

/** Numbers of a semester, without living through it: how they come about is the keeper's test. */
async function count({
  student = 0,
  course = 'CS301',
  section = 'cse-a',
  held,
  attended,
  more,
}: Counted): Promise<void> {
  const { knex } = server.db;
  await knex('attendance_statistics').insert({
    student_id: await studentId(student),
    section_id: section,
    course_code: course,
    academic_period_id: PERIOD,
    held_periods: held,
    attended_periods: attended,
    present_count: attended,
    absent_count: held - attended,
    ...more,
  });
  await knex('statistics_todo').insert({ student_id: await studentId(student), academic_period_id: PERIOD });
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
}

const summary = async (student = 0, query = ''): Promise<Body> =>
  (await server.get(`${SUMMARY}?student_id=${rollNumber(student)}${query}`)).body;

describe('a student', () => {
  it('case 138: 74.99 is shown and is not enough, 75 exactly is', async () => {
    await count({ held: 25_000, attended: 18_749 });
    await count({ course: 'CS302', held: 4, attended: 3 });
    const { courses } = await summary();
    expect(courses[0]).toMatchObject({
      course: { code: 'CS301' },
      attendance_percentage: 74.99,
      standing: 'condonable',
      is_eligible_for_exam: false,
      threshold_percent: 75,
    });
    expect(courses[1]).toMatchObject({
      attendance_percentage: 75,
      standing: 'enough',
      is_eligible_for_exam: true,
    });
  });

  it('cases 139, 141: the aggregate is all periods together, and one number in every report (A10.17)', async () => {
    await count({ held: 40, attended: 30 });
    await count({ course: 'CS302', held: 30, attended: 27, more: { present_count: 20, late_count: 7 } });
    const { aggregate, courses } = await summary();
    expect(aggregate).toMatchObject({ held_periods: 70, attended_periods: 57, attendance_percentage: 81.42 });
    expect(courses[1]).toMatchObject({ present_count: 20, late_count: 7, attendance_percentage: 90 });
    const listed = await server.results(`${API}/statistics/?student=${rollNumber(0)}&course=CS302`);
    const course = await server.get(`${API}/statistics/course-summary/?course_section_id=cse-a&course=CS302`);
    const overview = await server.get(`${API}/statistics/overview/`);
    const percents = [listed[0], course.body.results[0], overview.body.courses[1]].map(
      ({ attendance_percentage }: Body) => attendance_percentage,
    );
    expect(percents).toEqual([90, 90, 90]);
    expect(overview.body.aggregate).toMatchObject({ attendance_percentage: 81.42, students: 1 });
  });

  it('case 140: without anything held there is no basis: neither 0 nor 100, eligible, and listed', async () => {
    await count({ held: 0, attended: 0, more: { excused_periods: 2, excused_count: 2, pending_periods: 1 } });
    const { courses, aggregate } = await summary();
    for (const share of [courses[0], aggregate]) {
      expect(share).toMatchObject({
        attendance_percentage: null,
        standing: 'no_basis',
        is_eligible_for_exam: true,
        excused_periods: 2,
        pending_periods: 1,
      });
    }
    expect(await server.results(`${API}/statistics/?no_basis=true`)).toHaveLength(1);
    expect(await server.results(`${API}/statistics/?below_percent=100`)).toEqual([]);
  });

  it('case 143: a course outside the aggregate has its own percentage', async () => {
    await count({ held: 10, attended: 9 });
    await count({ course: 'CS302', held: 10, attended: 1 });
    await server.db.knex('course').where({ code: 'CS302' }).update({ counts_in_aggregate: false });
    const { courses, aggregate } = await summary();
    await server.db.knex('course').update({ counts_in_aggregate: true });
    expect(aggregate).toMatchObject({ held_periods: 10, attendance_percentage: 90 });
    expect(courses[1]).toMatchObject({ counts_in_aggregate: false, attendance_percentage: 10 });
  });

  it('case 73: a credit is a line of its own and part of the aggregate (domain E4.3)', async () => {
    await count({ held: 410, attended: 305 });
    const booked = await server.as('exam_branch').post(`${API}/attendance-credits/`, {
      academic_period: PERIOD,
      kind: 'midterm',
      course: 'CS301',
      exam_date: '2026-08-20',
      roll_numbers: [rollNumber(0)],
      held_periods: 10,
      attended_periods: 10,
      reason: 'sat the mid-term',
    });
    expect(booked.body).toEqual({ booked: 1, existing: 0 });
    const { aggregate, credits, courses } = await summary();
    expect(aggregate).toMatchObject({
      held_periods: 420,
      attended_periods: 315,
      credit_held_periods: 10,
      attendance_percentage: 75,
      standing: 'enough',
    });
    expect(credits).toEqual([
      {
        kind: 'midterm',
        course_code: 'CS301',
        exam_date: '2026-08-20',
        held_periods: 10,
        attended_periods: 10,
        reason: 'sat the mid-term',
      },
    ]);
    expect(courses[0]).toMatchObject({ held_periods: 410 });
  });

  it('A10.33: the threshold is the setting, of the campus and of the type of course', async () => {
    const { knex } = server.db;
    await count({ held: 100, attended: 72 });
    expect((await summary()).courses[0]).toMatchObject({ standing: 'condonable', threshold_percent: 75 });
    const setting = { key: 'ATTENDANCE_THRESHOLD_PERCENT', data_type: 'integer' };
    await knex('attendance_configuration').insert({ ...setting, value: '70' });
    expect((await summary()).courses[0]).toMatchObject({ standing: 'enough', threshold_percent: 70 });
    await knex('attendance_configuration').insert({
      ...setting,
      value: '80',
      scope_kind: 'course_type',
      scope_id: 'theory',
    });
    expect((await summary()).courses[0]).toMatchObject({
      threshold_percent: 80,
      is_eligible_for_exam: false,
    });
    const { body } = await server.get(`${API}/statistics/course-summary/?course_section_id=cse-a`);
    expect(body.results[0]).toMatchObject({ threshold_percent: 80, standings: { condonable: 1 } });
  });

  it('case 144: a threshold that changes later leaves a period that is over as it was', async () => {
    const { knex } = server.db;
    await count({ held: 100, attended: 72 });
    await knex('attendance_configuration').insert({
      key: 'ATTENDANCE_THRESHOLD_PERCENT',
      data_type: 'integer',
      value: '70',
      effective_from: new Date('2027-01-01T00:00:00+05:30'),
    });
    const before = server.clock.wallMs();
    server.clock.stepWall(Date.parse('2027-02-01T12:00:00+05:30') - before);
    const over = await summary();
    await knex('academic_period').where({ id: PERIOD }).update({ ends_on: '2027-03-31' });
    const running = await summary();
    await knex('academic_period').where({ id: PERIOD }).update({ ends_on: '2026-12-31' });
    server.clock.stepWall(before - server.clock.wallMs());
    expect(over.courses[0]).toMatchObject({ threshold_percent: 75, standing: 'condonable' });
    expect(running.courses[0]).toMatchObject({ threshold_percent: 70, standing: 'enough' });
  });

  it('case 149: is told what can still be done instead of a bare percentage', async () => {
    await count({ held: 100, attended: 72, more: { pending_periods: 1 } });
    expect((await summary()).courses[0]).toMatchObject({ attend_next: 12, may_miss: null, can_reach: null });
    const outlook = {
      section_id: 'cse-a',
      course_code: 'CS301',
      academic_period_id: PERIOD,
      from_date: '2026-07-08',
    };
    await server.db.knex('course_outlook').insert({ ...outlook, remaining_periods: 11 });
    expect((await summary()).courses[0]).toMatchObject({
      remaining_periods: 11,
      outlook_from: '2026-07-08',
      can_reach: true,
    });
    await server.db.knex('course_outlook').update({ remaining_periods: 10 });
    const { courses, aggregate } = await summary();
    expect(courses[0]).toMatchObject({ attend_next: 12, can_reach: false });
    expect(aggregate).toMatchObject({ can_reach: false });
  });

  it('within dates the same is counted from the records, by the same definition', async () => {
    const { body } = await server.get(
      `${SUMMARY}?student_id=${rollNumber(1)}&start_date=2026-07-07&end_date=2026-07-07`,
    );
    expect(body).toMatchObject({ start_date: '2026-07-07', credits: [] });
    expect(body.courses[0]).toMatchObject({
      course: { code: 'CS301' },
      late_count: 1,
      held_periods: 1,
      attended_periods: 1,
      attendance_percentage: 100,
    });
    const earlier = await summary(1, '&end_date=2026-07-06');
    expect(earlier.courses).toEqual([]);
    expect(earlier.aggregate).toMatchObject({ standing: 'no_basis' });
    const group = await server.get(
      `${API}/statistics/course-summary/?course_section_id=cse-a&start_date=2026-07-07`,
    );
    expect(group.body.results[0]).toMatchObject({
      students: 5,
      held_periods: 2,
      attended_periods: 2,
      pending_periods: 3,
    });
  });

  it('has the days of approved leave beside the numbers', async () => {
    await server.db.knex('attendance_leave_application').insert({
      student_id: await studentId(4),
      leave_type: 'medical',
      start_date: '2026-06-29',
      end_date: '2026-07-02',
      status: 'approved',
      applied_at: new Date(),
    });
    expect((await summary(4)).leave_days).toBe(2);
    expect((await summary(4, '&start_date=2026-07-02')).leave_days).toBe(1);
    expect((await summary(0)).leave_days).toBe(0);
  });
});

describe('who sees what (case 157)', () => {
  beforeEach(async () => {
    await count({ student: 0, held: 10, attended: 9 });
    await count({ student: 1, held: 10, attended: 7 });
    await count({ student: 1, course: 'CS302', held: 10, attended: 5 });
    await count({ student: 2, section: 'ece-a', course: 'CS302', held: 10, attended: 1 });
  });
  const rowsOf = async (caller: ReturnType<TestServer['as']>): Promise<string[]> =>
    (await caller.results(`${API}/statistics/`)).map(
      ({ student, course }: Body) => `${student.roll_number.slice(-1)} ${course.code}`,
    );

  it('case 156: a student sees the own rows and no other summary: 404, audited', async () => {
    const student = server.as('student', { student: rollNumber(1) });
    expect(await rowsOf(student)).toEqual(['2 CS301', '2 CS302']);
    expect((await student.get(SUMMARY)).body.student.roll_number).toBe(rollNumber(1));
    expect(await student.get(`${SUMMARY}?student_id=${rollNumber(0)}`)).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    expect((await student.get(`${SUMMARY}?student_id=${await studentId(0)}`)).status).toBe(404);
    const refusals = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', entity_id: `GET ${SUMMARY}`, actor_role: 'student' });
    expect(refusals).toHaveLength(2);
    const overview = (await student.get(`${API}/statistics/overview/`)).body;
    expect(overview.aggregate).toMatchObject({ students: 1, held_periods: 20 });
  });

  it('faculty sees the courses that he or she takes, and no aggregate', async () => {
    const faculty = server.as('faculty', { faculty: 'F001' });
    expect(await rowsOf(faculty)).toEqual(['1 CS301', '2 CS301', '2 CS302']);
    const { body } = await faculty.get(`${SUMMARY}?student_id=${rollNumber(1)}`);
    expect(body).toMatchObject({ aggregate: null, credits: [] });
    expect((await faculty.get(`${API}/statistics/overview/`)).body).toMatchObject({ aggregate: null });
    const stranger = server.as('faculty', { faculty: 'F002' });
    expect(await rowsOf(stranger)).toEqual([]);
    expect((await stranger.get(`${SUMMARY}?student_id=${rollNumber(1)}`)).status).toBe(404);
    expect((await stranger.get(`${API}/statistics/course-summary/?course_section_id=cse-a`)).status).toBe(
      404,
    );
  });

  it('a head sees the department, a mentor the section, the exam branch everything, others nothing', async () => {
    expect(await rowsOf(server.as('hod', { department: 'ece' }))).toEqual(['3 CS302']);
    expect(await rowsOf(server.as('mentor', { section: 'cse-a' }))).toHaveLength(4);
    expect(await rowsOf(server.as('exam_branch'))).toHaveLength(4);
    for (const role of ['lab_technician', 'enrollment_officer', 'dpo'] as const) {
      expect((await server.as(role).get(`${API}/statistics/`)).status).toBe(403);
    }
  });

  it('A10.32: a course summary says how many stand where', async () => {
    const { body } = await server.get(
      `${API}/statistics/course-summary/?course_section_id=cse-a&course=CS301`,
    );
    expect(body.results).toMatchObject([
      {
        course: { code: 'CS301' },
        students: 2,
        held_periods: 20,
        attended_periods: 16,
        attendance_percentage: 80,
        standings: { enough: 1, condonable: 1, short: 0, no_basis: 0 },
      },
    ]);
  });
});

describe('lists and hostile input', () => {
  it('pages by cursor, each row once', async () => {
    for (const student of [0, 1, 2, 3, 4]) await count({ student, held: 4, attended: student });
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const { body } = await server.get(`${API}/statistics/?limit=2${cursor}`);
      seen.push(...body.results.map(({ student }: Body) => student.roll_number));
      next = body.next;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].map(rollNumber));
    expect(await server.results(`${API}/statistics/?below_percent=75`)).toHaveLength(3);
    expect(await server.results(`${API}/statistics/?below_percent=76`)).toHaveLength(4);
  });

  it.each([
    [`${SUMMARY}?student_id=%27%3B%20DROP%20TABLE%20student%3B--`, 404],
    [`${SUMMARY}?student_id=${rollNumber(0)}&academic_period=1999`, 404],
    [`${SUMMARY}?student_id=${rollNumber(0)}&start_date=2026-02-30`, 400],
    [`${SUMMARY}?student_id=${rollNumber(0)}&colour=red`, 400],
    [SUMMARY, 400],
    [`${API}/statistics/?below_percent=101`, 400],
    [`${API}/statistics/?below_percent=1e2`, 400],
    [`${API}/statistics/?cursor=WzFd`, 400],
    [`${API}/statistics/course-summary/`, 400],
    [`${API}/statistics/course-summary/?course_section_id=nowhere`, 404],
    [`${API}/statistics/overview/?academic_period=1999`, 404],
  ])('%s is %i', async (path, status) => {
    expect((await server.get(path)).status).toBe(status);
  });
});
