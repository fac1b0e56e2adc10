import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').update({ department_id: 'cse' });
  await knex('section').insert([
    { id: 'ece-a', name: 'ECE-A', department_id: 'ece' },
    { id: 'cse-b1', name: 'B1', kind: 'batch', parent_id: 'cse-a' },
  ]);
  await knex('course').whereIn('code', ['CS301', 'CS302']).update({ department_id: 'cse' });
  await knex('course').insert({ code: 'EC301', title: 'Signals', department_id: 'ece' });
});
afterAll(() => server.stop());

const head = (department: string) => server.as('hod', { department });

describe('case 157: a class that faculty make themselves opens no way to students', () => {
  const LEAVE = `${API}/leave-applications/`;
  const stranger = () => server.as('faculty', { faculty: 'F666' });
  const teacher = () => server.as('faculty', { faculty: 'F001' });
  const extra = (faculty: string, startTime: string) => ({
    course: 'CS301',
    sections: ['cse-a'],
    faculty,
    rooms: ['r102'],
    date: '2026-07-10',
    start_time: startTime,
    end_time: startTime.replace(':00', ':50'),
    origin: 'extra',
    reason: 'revision',
  });
  let leave: Body;

  beforeAll(async () => {
    await server.db.knex('faculty').insert({ code: 'F666', full_name: 'Dr Stranger' });
    const student = server.as('student', { student: rollNumber(0) });
    const dates = { start_date: '2026-07-10', end_date: '2026-07-10', reason: 'an illness' };
    leave = (await student.post(LEAVE, { leave_type: 'medical', ...dates })).body;
  });

  async function reached(caller: ReturnType<typeof stranger>): Promise<unknown[]> {
    return [
      (await caller.results(`${API}/students/`)).length > 0,
      (await caller.results(LEAVE)).length > 0,
      (await caller.post(`${LEAVE}${leave.id}/approve/`)).status,
      (await caller.results(`${API}/statistics/?course=CS301`)).length > 0,
    ];
  }

  it('who does not teach the group by the timetable is refused, whatever the class is called', async () => {
    for (const origin of ['extra', 'ad_hoc', 'makeup']) {
      const made = await stranger().post(`${API}/sessions/`, { ...extra('F666', '12:00'), origin });
      expect([origin, made.status, made.body.code]).toEqual([origin, 403, 'FORBIDDEN']);
    }
    const otherCourse = { ...extra('F001', '12:00'), course: 'CS303' };
    await server.db.knex('course').insert({ code: 'CS303', title: 'Compilers' });
    expect((await teacher().post(`${API}/sessions/`, otherCourse)).status).toBe(403);
    expect((await teacher().post(`${API}/sessions/`, extra('F001', '12:00'))).status).toBe(201);
    expect(await reached(stranger())).toEqual([false, false, 404, false]);
  });

  it('one that was made before counts for nothing, one that the head gave counts, and only in its period', async () => {
    const { knex } = server.db;
    const { body } = await server.post(`${API}/sessions/`, extra('F666', '14:00'));
    await knex('attendance_session').where({ id: body.id }).update({ is_made_by_faculty: true });
    expect(await reached(stranger())).toEqual([false, false, 404, false]);
    await knex('attendance_session').where({ id: body.id }).update({ is_made_by_faculty: false });
    expect((await stranger().results(`${API}/students/`)).length).toBeGreaterThan(0);
    await knex('academic_period').insert({
      ...{ id: 'past', campus_id: 'main', name: 'Past', starts_on: '2026-01-01', ends_on: '2026-06-30' },
    });
    await knex('attendance_session').where({ id: body.id }).update({ academic_period_id: 'past' });
    expect(await reached(stranger())).toEqual([false, false, 404, false]);
  });

  it('who left the group before this period is no student of its head, mentor and faculty any more', async () => {
    const { knex } = server.db;
    const [gone] = await knex('student')
      .insert({ roll_number: '23B81A0501', full_name: 'Graduated' })
      .returning('id');
    await knex('roster_membership').insert({
      ...{ section_id: 'cse-a', student_id: gone.id, valid_during: '[2025-07-01,2026-06-01)' },
    });
    for (const caller of [
      teacher(),
      server.as('mentor', { section: 'cse-a' }),
      server.as('hod', { department: 'cse' }),
    ]) {
      const rolls = (await caller.results(`${API}/students/`)).map(({ roll_number: roll }) => roll);
      expect([rolls.includes(rollNumber(0)), rolls.includes('23B81A0501')]).toEqual([true, false]);
    }
  });
});

describe('case 157: a head changes the timetable of the own department only', () => {
  const SLOTS = `${API}/timetable-slots/`;
  const slot = async (id: string, change: object = {}) => ({
    id,
    timetable_version_id: (await server.results(`${API}/timetable-versions/`))[0].id,
    course: 'EC301',
    faculty: 'F001',
    section: 'ece-a',
    room: 'r102',
    day_of_week: 4,
    start_time: '16:00',
    end_time: '16:50',
    ...change,
  });

  it('a slot names a course and groups of the department, the further ones, too', async () => {
    const isActive = () =>
      server.db.knex('attendance_timetable_slot').where({ is_active: true }).orderBy('id').pluck('id');
    const before = await isActive();
    for (const change of [{ section: 'cse-a' }, { course: 'CS301' }, { more_sections: ['cse-b1'] }]) {
      const refused = await head('ece').post(SLOTS, await slot('foreign', change));
      expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    const removed = await head('ece').del(`${SLOTS}cse-a-tue-1000/`);
    expect([removed.status, removed.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(await isActive()).toEqual(before);
    expect((await head('ece').post(SLOTS, await slot('of-ece'))).status).toBe(201);
    const batch = await slot('of-cse', { course: 'CS301', section: 'cse-b1', day_of_week: 5 });
    expect((await head('cse').post(SLOTS, batch)).status).toBe(201);
    expect((await head('cse').del(`${SLOTS}of-ece/`)).status).toBe(403);
    expect((await head('ece').del(`${SLOTS}of-ece/`)).status).toBe(200);
  });

  it('a version is of the whole campus: no head makes one, not even as a preview', async () => {
    const body = { academic_period: '2026-odd', name: 'v9', valid_from: '2026-08-01', copy_slots: true };
    for (const apply of [false, true]) {
      const refused = await head('ece').post(`${API}/timetable-versions/`, { ...body, apply });
      expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await server.as('dean').post(`${API}/timetable-versions/`, body)).status).toBe(200);
  });
});

it('case 157: who sees devices and no marks sees no figures of marks either', async () => {
  const paths = [
    `${API}/manual-share/?start_date=2026-07-07&end_date=2026-07-07`,
    `${API}/review-batches/`,
    `${API}/review-batches/00000000-0000-4000-8000-00000000dead/sessions/`,
  ];
  for (const path of paths) {
    for (const role of ['lab_technician', 'security_officer'] as const) {
      expect([role, path, (await server.as(role).get(path)).status]).toEqual([role, path, 403]);
    }
    expect((await server.as('auditor').get(path)).status).not.toBe(403);
  }
});

it('cases 69, 157: the preview of a makeup names only students whom one may see anyhow, and counts the others', async () => {
  const { knex } = server.db;
  await knex('faculty').insert({ code: 'F777', full_name: 'Dr Curious' });
  await knex('section').insert({ id: 'club', name: 'Club', kind: 'elective' });
  const member = await knex('student')
    .where({ roll_number: rollNumber(1) })
    .first('id');
  await knex('roster_membership').insert({
    section_id: 'club',
    student_id: member.id,
    valid_during: '[2026-07-01,)',
  });
  const times = { sections: ['club'], date: '2026-07-07', start_time: '10:00', end_time: '10:50' };
  const preview = (caller: ReturnType<typeof head>) => caller.post(`${API}/sessions/makeup-preview/`, times);
  expect((await preview(server.as('faculty', { faculty: 'F777' }))).body).toEqual({ clashes: [], others: 1 });
  const own = await preview(server.as('faculty', { faculty: 'F001' }));
  expect(own.body).toMatchObject({ clashes: [{ roll_number: rollNumber(1), course: 'CS301' }], others: 0 });
});
