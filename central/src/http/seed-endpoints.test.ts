import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { API, type Body, TestServer } from './test-server.js';

const PERIOD = '2026-odd';
const MISSING = '00000000-0000-4000-8000-00000000dead';

let server: TestServer;
const coordinator = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
  await knex('faculty').insert({ code: 'F002', full_name: 'Dr Lakshmi' });
});
afterAll(() => server?.stop());

describe('A5: several class sessions at once', () => {
  const one = (day: string, change: object = {}): object => ({
    course: 'CS301',
    sections: ['cse-a'],
    faculty: 'F002',
    rooms: ['r102'],
    date: `2026-07-${day}`,
    start_time: '14:00',
    end_time: '14:50',
    ...change,
  });
  const make = (sessions: object[], who = coordinator()) =>
    who.post(`${API}/sessions/bulk_create/`, { sessions });

  it('are made in one go, in their order', async () => {
    const { status, body } = await make([one('09'), one('08', { origin: 'extra' })]);
    expect(status).toBe(201);
    expect(body.results).toMatchObject([
      { scheduled_date: '2026-07-09', origin: 'ad_hoc', status: 'scheduled' },
      { scheduled_date: '2026-07-08', origin: 'extra' },
    ]);
  });

  it('are read for the answer with one statement, in the transaction that made them', async () => {
    const { knex } = server.db;
    const reads: Body[] = [];
    const note = (query: Body): void => {
      if (String(query['sql']).includes('AS waiting_for')) reads.push(query);
    };
    knex.on('query', note);
    try {
      const { body } = await make([one('18'), one('16'), one('17')]);
      expect(body.results.map(({ scheduled_date: date }: Body) => date)).toEqual([
        '2026-07-18',
        '2026-07-16',
        '2026-07-17',
      ]);
    } finally {
      knex.off('query', note);
    }
    expect(reads).toHaveLength(1);
    expect(reads[0]['__knexTxId']).toBeDefined();
  });

  it('are all made or none, and the answer says which one is wrong', async () => {
    const before = await server.db.knex('attendance_session').count('* as n');
    const twice = await make([one('13'), one('14'), one('14', { faculty: 'F001' })]);
    expect(twice).toMatchObject({ status: 409, body: { code: 'CLASH' } });
    expect(twice.body.detail).toMatch(/^sessions\.2: The (room|group)/);
    const unknown = await make([one('13'), one('14', { course: 'CS999' })]);
    expect(unknown).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect(unknown.body.detail).toContain('sessions.1: course');
    expect((await make([])).status).toBe(400);
    expect((await make(Array.from({ length: 51 }, () => one('13')))).status).toBe(400);
    expect(await server.db.knex('attendance_session').count('* as n')).toEqual(before);
  });

  it('case 157: faculty make only classes that they teach anyhow', async () => {
    const faculty = server.as('faculty', { faculty: 'F001' });
    expect(await make([one('15'), one('15')], faculty)).toMatchObject({ status: 403 });
    expect((await make([one('15')], server.as('student', { student: rollNumber(0) }))).status).toBe(403);
  });
});

describe('A5: a period', () => {
  const generate = (id: string, body: object = {}, who = coordinator()) =>
    who.post(`${API}/academic-periods/${id}/generate-sessions/`, body);
  const copy = (id: string, body: object = {}, who = coordinator()) =>
    who.post(`${API}/academic-periods/${id}/generate-slots/`, body);

  it('cases 1, 76: gets its class sessions, once, as one job', async () => {
    const part = await generate(PERIOD, { start_date: '2026-10-01', end_date: '2026-10-31' });
    expect(part.body).toMatchObject({ created: 8, existing: 0 });
    const whole = await generate(PERIOD);
    expect(whole.body.existing).toBeGreaterThanOrEqual(8);
    expect(await generate(PERIOD)).toMatchObject({ body: { created: 0 } });
    const undone = await coordinator().post(`${API}/session-jobs/${part.body.job_id}/undo/`);
    expect(undone.body).toEqual({ cancelled: 8, kept: 0 });
  });

  it('refuses days outside it, a period that is none, and whoever may not generate', async () => {
    const outside = await generate(PERIOD, { end_date: '2027-01-01' });
    expect(outside).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect(outside.body.detail).toContain('end_date');
    expect((await generate('no-such-period')).status).toBe(404);
    expect((await generate(PERIOD, {}, server.as('hod', { department: 'cse' }))).status).toBe(403);
  });

  it('gets the timetable of the period before it, and again only what is missing', async () => {
    const { knex } = server.db;
    await knex('academic_period').insert({
      id: '2027-even',
      campus_id: 'main',
      name: '2027 even',
      starts_on: '2027-01-04',
      ends_on: '2027-05-28',
    });
    const first = await copy('2027-even');
    expect(first.body).toMatchObject({ from_academic_period: PERIOD, created: 2, existing: 0, clashes: [] });
    const slots = await server.results(
      `${API}/timetable-slots/?timetable_version=${first.body.timetable_version}`,
    );
    expect(slots).toMatchObject([
      { academic_period: '2027-even', course: 'CS301', day_of_week: 1, start_time: '10:00' },
      { academic_period: '2027-even', course: 'CS302', day_of_week: 1, start_time: '10:50' },
    ]);
    await coordinator().del(`${API}/timetable-slots/${slots[1].id}/`);
    expect((await copy('2027-even')).body).toMatchObject({ created: 0, existing: 2 });
    const made = await generate('2027-even', { start_date: '2027-01-04', end_date: '2027-01-10' });
    expect(made.body.created).toBe(1);
    const audited = await knex('attendance_audit_log').where({ action: 'copy_slots' }).orderBy('id');
    expect(audited.map(({ after }) => after.created)).toEqual([2, 0]);
  });

  it('refuses a source that is none, and a head of department', async () => {
    expect((await copy(PERIOD)).body).toMatchObject({ code: 'REQUEST_INVALID' });
    expect((await copy('2027-even', { from_academic_period: 'none' })).status).toBe(400);
    expect((await copy('none')).status).toBe(404);
    expect((await copy('2027-even', {}, server.as('hod', { department: 'cse' }))).status).toBe(403);
  });
});

describe('A5: one row', () => {
  it('of the audit log, for who may read it', async () => {
    const [row] = await server.results(`${API}/audit-logs/?limit=1`);
    expect((await server.get(`${API}/audit-logs/${row.id}/`)).body).toEqual(row);
    expect((await server.get(`${API}/audit-logs/999999999/`)).status).toBe(404);
    expect((await server.get(`${API}/audit-logs/x/`)).status).toBe(400);
    expect((await coordinator().get(`${API}/audit-logs/${row.id}/`)).status).toBe(403);
  });

  it('of the templates is what is known of a finger, never its bytes (domain F3), and the look is audited', async () => {
    const { knex } = server.db;
    const id = await studentId(0);
    const [consent] = await knex('consent')
      .insert({
        student_id: id,
        purpose: 'fingerprint',
        actor: 'self',
        channel: 'page',
        notice_version: '1',
        notice_sha256: Buffer.alloc(32),
        granted_at: new Date(server.clock.wallMs()),
      })
      .returning('id');
    const secret = Buffer.from('ridges that nobody may read');
    const [template] = await knex('attendance_biometric_template')
      .insert({
        student_id: id,
        finger_position: 2,
        format: 'iso-19794-2',
        quality_score: 0.8,
        key_id: '0000da7a',
        template_sealed: secret,
        consent_id: consent.id,
        enrolled_at: new Date(server.clock.wallMs()),
      })
      .returning('id');
    const path = `${API}/biometric-templates/${template.id}/`;
    const own = await server.as('student', { student: rollNumber(0) }).get(path);
    expect(own.body).toMatchObject({ id: template.id, finger_position: 2, state: 'active' });
    const text = JSON.stringify(own.body);
    for (const encoding of ['utf8', 'base64', 'hex'] as const) {
      expect(text).not.toContain(secret.toString(encoding));
    }
    const looks = knex('attendance_audit_log').where({ entity_id: template.id, action: 'read' });
    expect(await looks).toMatchObject([{ student_id: id, actor_role: 'student' }]);
    expect((await server.as('student', { student: rollNumber(1) }).get(path)).status).toBe(404);
    expect((await coordinator().get(path)).status).toBe(403);
    expect((await server.get(`${API}/biometric-templates/${MISSING}/`)).status).toBe(404);
  });
});

describe('A5: reports', () => {
  const rolls = ({ body }: { body: Body }): string[] =>
    body.results.map(({ student }: Body) => student.roll_number);

  beforeAll(async () => {
    await server.db.knex.raw(
      'TRUNCATE attendance_statistics, aggregate_statistics, statistics_contribution, statistics_todo',
    );
    await count(0, { CS301: [40, 39], CS302: [40, 36] });
    await count(1, { CS301: [40, 30], CS302: [40, 30] });
    await count(2, { CS301: [40, 29], CS302: [40, 30] });
    await count(3, { CS301: [40, 40], CS302: [10, 3] });
  });

  it('A10.33: exam eligibility is the aggregate against the threshold in force, exactly', async () => {
    const path = `${API}/reports/exam-eligibility/`;
    const all = await coordinator().get(path);
    expect(all.body.results).toMatchObject([
      { student: { roll_number: rollNumber(0) }, standing: 'enough', is_eligible_for_exam: true },
      { attendance_percentage: 75, is_eligible_for_exam: true, threshold_percent: 75 },
      { attendance_percentage: 73.75, standing: 'condonable', is_eligible_for_exam: false },
      { attendance_percentage: 86, is_eligible_for_exam: true },
    ]);
    expect(rolls(await coordinator().get(`${path}?eligible=false`))).toEqual([rollNumber(2)]);
    expect(rolls(await coordinator().get(`${path}?eligible=true&limit=2`))).toEqual([0, 1].map(rollNumber));
    await setting('ATTENDANCE_THRESHOLD_PERCENT', '80');
    expect(rolls(await coordinator().get(`${path}?eligible=false`))).toEqual([1, 2].map(rollNumber));
    await server.db.knex('attendance_configuration').delete();
  });

  it('defaulters are who is short of the aggregate or of the minimum of a course', async () => {
    const path = `${API}/reports/defaulters/`;
    expect(rolls(await coordinator().get(path))).toEqual([rollNumber(2)]);
    await setting('SUBJECT_MIN_PERCENT', '40');
    const { body } = await coordinator().get(`${path}?section=cse-a&department=cse`);
    expect(body.results).toMatchObject([
      { student: { roll_number: rollNumber(2) }, courses_below_minimum: [] },
      {
        student: { roll_number: rollNumber(3) },
        is_eligible_for_exam: true,
        courses_below_minimum: [{ code: 'CS302', title: 'Operating Systems', attendance_percentage: 30 }],
      },
    ]);
    const first = await coordinator().get(`${path}?limit=1`);
    const second = await coordinator().get(`${path}?limit=1&cursor=${first.body.next}`);
    expect([...rolls(first), ...rolls(second)]).toEqual([2, 3].map(rollNumber));
    expect(second.body.next).toBeNull();
    expect(rolls(await coordinator().get(`${path}?department=ece`))).toEqual([]);
    await server.db.knex('attendance_configuration').delete();
  });

  it('case 157: a head sees the own department, a mentor the own section, faculty and students no list', async () => {
    const path = `${API}/reports/exam-eligibility/`;
    expect(rolls(await server.as('hod', { department: 'cse' }).get(path))).toHaveLength(4);
    expect(rolls(await server.as('hod', { department: 'ece' }).get(path))).toEqual([]);
    expect(rolls(await server.as('mentor', { section: 'ece-a' }).get(path))).toEqual([]);
    expect((await server.as('faculty', { faculty: 'F001' }).get(path)).status).toBe(403);
    expect((await server.as('student', { student: rollNumber(0) }).get(path)).status).toBe(403);
    expect((await coordinator().get(`${path}?academic_period=none`)).status).toBe(404);
  });
});

async function setting(key: string, value: string): Promise<void> {
  await server.db.knex('attendance_configuration').insert({ key, value, data_type: 'integer' });
}

async function studentId(index: number): Promise<string> {
  const row = await server.db
    .knex('student')
    .where({ roll_number: rollNumber(index) })
    .first('id');
  return row.id;
}

/** Numbers of a semester, without living through it. */
async function count(
  index: number,
  courses: Record<string, [held: number, attended: number]>,
): Promise<void> {
  const { knex } = server.db;
  const student = await studentId(index);
  for (const [code, [held, attended]] of Object.entries(courses)) {
    await knex('attendance_statistics').insert({
      student_id: student,
      section_id: 'cse-a',
      course_code: code,
      academic_period_id: PERIOD,
      held_periods: held,
      attended_periods: attended,
      present_count: attended,
      absent_count: held - attended,
    });
  }
  await knex('statistics_todo').insert({ student_id: student, academic_period_id: PERIOD });
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
}
