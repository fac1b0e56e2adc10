import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { silentLog } from '../log.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { advanceSessions } from './advance.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').update({ department_id: 'cse' });
  await knex('faculty').insert([
    { code: 'F002', full_name: 'Dr Lakshmi' },
    { code: 'F003', full_name: 'Dr Khan' },
  ]);
  await knex('room').insert({ id: 'r202', building_id: 'block-a', name: 'R202' });
  // A week for each test, and there are more of them than the period has.
  await knex('academic_period').update({ ends_on: '2027-12-31' });
});
afterAll(() => server.stop());

const faculty = () => server.as('faculty', { faculty: 'F001' });
const hod = () => server.as('hod', { department: 'cse' });
const student = () => server.as('student', { student: rollNumber(0) });

/** Each test has its own Tuesday: the reference classes S1 and S2 of that date. */
let week = 0;
let day = '';
const on = (time: string): Date => new Date(`${day}T${time}+05:30`);
const goTo = (time: string) => server.clock.stepWall(on(time).getTime() - server.clock.wallMs());
const advanceAt = (time: string) => {
  goTo(time);
  return advanceSessions(server.db.knex, server.clock.wallMs());
};
beforeEach(async () => {
  week += 1;
  day = new Date(at('12:00').getTime() + week * 7 * 86_400_000).toISOString().slice(0, 10);
  goTo('06:00');
  const { rows } = await server.db.knex.raw(
    `INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id,
       scheduled_date, start_at, end_at, policy, reach_from, reach_until)
     SELECT timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id, ?::date,
       start_at + ? * interval '7 days', end_at + ? * interval '7 days', policy, reach_from + ? * interval '7 days',
       reach_until + ? * interval '7 days'
     FROM attendance_session WHERE scheduled_date = '2026-07-07' AND timetable_slot_id IS NOT NULL
     ON CONFLICT (timetable_slot_id, scheduled_date) DO NOTHING RETURNING id`,
    [day, week, week, week, week],
  );
  expect(rows.length).toBeLessThanOrEqual(2);
});

async function find(course = 'CS301'): Promise<Body> {
  const list = await server.results(
    `${API}/sessions/?scheduled_date=${day}&course=${course}&origin=timetable`,
  );
  return list[0];
}
const path = (id: string, action: string) => `${API}/sessions/${id}/${action}/`;
const reason = { reason: 'for the test' };

async function marksOf(id: string): Promise<Record<string, string>> {
  const records = await server.results(`${API}/sessions/${id}/records/`);
  return Object.fromEntries(records.map(({ student: one, mark }) => [one.roll_number.slice(-1), mark]));
}
const allReported = () =>
  server.db.knex('attendance_biometric_device').update({ complete_through: on('23:00') });
const nothingReported = () =>
  server.db.knex('attendance_biometric_device').update({ complete_through: null });

/** Everything of the day is held and final by then; the first student tapped at these times. */
async function holdUntil(time: string, taps: readonly string[]): Promise<void> {
  await allReported();
  await storePunches(
    server.db.knex,
    taps.map((tap) => ({ rollNumber: rollNumber(0), at: on(tap) })),
  );
  for (const moment of ['09:55', '10:55', time]) await advanceAt(moment);
  await server.judge();
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
}

/** Of the day at hand: periods held and attended by course. */
async function courseCounts(index: number): Promise<Record<string, [number, number]>> {
  const { body } = await server.get(
    `${API}/statistics/student-summary/?student_id=${rollNumber(index)}&start_date=${day}&end_date=${day}`,
  );
  return Object.fromEntries(
    body.courses
      .filter(({ held_periods: held }: Body) => held > 0)
      .map(({ course, held_periods: held, attended_periods: attended }: Body) => [
        course.code,
        [held, attended],
      ]),
  );
}

describe('opening and closing', () => {
  it('case 13: faculty opens inside the early window and not before; the admin may', async () => {
    const { id } = await find();
    goTo('09:40');
    const early = await faculty().post(path(id, 'open'));
    expect([early.status, early.body.code]).toEqual([409, 'SESSION_TOO_EARLY']);
    expect(early.body.detail).toContain(on('09:50').toISOString());
    goTo('09:52');
    expect((await faculty().post(path(id, 'open'))).body.status).toBe('open');
    const other = await find('CS302');
    expect((await server.post(path(other.id, 'open'))).body.status).toBe('open');
  });

  it('case 14: closed by its faculty at 10:30, captures stop there and the audit says who', async () => {
    const { id } = await find();
    await advanceAt('09:55');
    goTo('10:30');
    expect((await faculty().post(path(id, 'close'))).body.status).toBe('closed');
    await storePunches(server.db.knex, [
      { rollNumber: rollNumber(0), at: on('10:02') },
      { rollNumber: rollNumber(1), at: on('10:31') },
    ]);
    await server.judge();
    expect(await marksOf(id)).toMatchObject({ '1': 'present', '2': 'pending' });
    const row = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: id, action: 'close' })
      .first();
    expect(row).toMatchObject({ actor_role: 'faculty', source: 'manual' });
    expect(row.performed_by).not.toBeNull();
  });

  it('cases 11, 15: a class that nobody touched opens late by itself, loses no punch, closes and becomes final', async () => {
    const { id } = await find();
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('09:55') }]);
    await advanceAt('10:20');
    await server.judge();
    expect((await server.get(`${API}/sessions/${id}/`)).body).toMatchObject({
      status: 'open',
      auto_opened: true,
      notes: 'opened late by 20:00',
    });
    expect((await marksOf(id))['1']).toBe('present');
    await allReported();
    await advanceAt('11:00');
    await server.judge();
    expect((await find()).status).toBe('finalized');
    expect(await marksOf(id)).toMatchObject({ '1': 'present', '2': 'absent' });
    await nothingReported();
  });

  it('case 16: students without evidence are pending, not absent, until every device has reported', async () => {
    const { id } = await find();
    await nothingReported();
    await advanceAt('09:55');
    await advanceAt('10:56');
    await server.judge();
    expect((await find()).status).toBe('closed');
    expect(new Set(Object.values(await marksOf(id)))).toEqual(new Set(['pending']));
    await server.db.knex('attendance_biometric_device').update({ complete_through: on('10:55:00') });
    await advanceAt('10:57');
    expect((await find()).status).toBe('closed');
    await server.db.knex('attendance_biometric_device').update({ complete_through: on('10:55:00.001') });
    await advanceAt('10:58');
    await server.judge();
    expect((await find()).status).toBe('finalized');
    expect(new Set(Object.values(await marksOf(id)))).toEqual(new Set(['absent']));
    await nothingReported();
  });

  it('case 17: reopened on the day by its faculty with a reason, absences wait again; after midnight only the head', async () => {
    const { id } = await find();
    await allReported();
    await advanceAt('09:55');
    await advanceAt('11:00');
    await server.judge();
    expect((await marksOf(id))['1']).toBe('absent');
    expect((await faculty().post(path(id, 'reopen'))).body.code).toBe('REASON_MISSING');
    await nothingReported();
    expect((await faculty().post(path(id, 'reopen'), reason)).body.status).toBe('open');
    await server.judge();
    expect((await marksOf(id))['1']).toBe('pending');
    await faculty().post(path(id, 'close'));
    goTo('23:59');
    server.clock.stepWall(61_000);
    expect((await faculty().post(path(id, 'reopen'), reason)).body.code).toBe('REOPEN_TOO_LATE');
    expect((await hod().post(path(id, 'reopen'), reason)).body.status).toBe('open');
  });

  it('case 22: every illegal transition is 409 naming both states, and changes nothing', async () => {
    const { id, version } = await find();
    const close = await server.post(path(id, 'close'));
    expect([close.status, close.body.code]).toEqual([409, 'INVALID_TRANSITION']);
    expect(close.body.detail).toMatch(/scheduled.*closed/);
    await server.post(path(id, 'cancel'), reason);
    const open = await server.post(path(id, 'open'));
    expect(open.body.detail).toMatch(/cancelled.*open/);
    expect((await server.get(`${API}/sessions/${id}/`)).body).toMatchObject({
      status: 'cancelled',
      version: version + 1,
    });
  });

  it('case 12: two openers at the same moment make one transition and one audit row', async () => {
    const { id } = await find();
    goTo('09:55');
    const answers = await Promise.all([
      faculty().post(path(id, 'open')),
      hod().post(path(id, 'open')),
      advanceSessions(server.db.knex, server.clock.wallMs()),
    ]);
    expect(
      answers.slice(0, 2).filter((answer) => 'status' in answer && answer.status === 200).length,
    ).toBeLessThan(2);
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_session', entity_id: id })
      .whereIn('action', ['open', 'auto_open']);
    expect(rows).toHaveLength(1);
  });
});

describe('a locked class', () => {
  async function lockedClass(): Promise<string> {
    const { id } = await find();
    await allReported();
    await advanceAt('09:55');
    await advanceAt('11:00');
    await server.judge();
    expect((await server.post(path(id, 'lock'))).body.status).toBe('locked');
    return id;
  }

  it('cases 18, 83: every write is SESSION_LOCKED, changes nothing and is audited; late evidence is told', async () => {
    const id = await lockedClass();
    const before = await server.db.knex('attendance_record').where({ session_id: id }).orderBy('id');
    const attempts = [
      await server.post(path(id, 'cancel'), reason),
      await server.post(path(id, 'reopen'), reason),
      await server.post(path(id, 'room-change'), { room: 'r202' }),
      await server.post(path(id, 'substitute'), { faculty: 'F002' }),
      await server.post(path(id, 'headcount'), { headcount: 3 }),
    ];
    for (const { status, body } of attempts) expect([status, body.code]).toEqual([409, 'SESSION_LOCKED']);
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(3), at: on('10:02') }]);
    await server.judge();
    expect(await server.db.knex('attendance_record').where({ session_id: id }).orderBy('id')).toEqual(before);
    const refused = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', reason: 'SESSION_LOCKED' })
      .where('entity_id', 'like', `%${id}%`);
    expect(refused).toHaveLength(attempts.length);
    const items = await server.db.knex('exception_item').where({ code: 'LATE_AFTER_LOCK', session_id: id });
    expect(items).toHaveLength(1);
  });

  it('case 19: two different people unlock it, for a day', async () => {
    const id = await lockedClass();
    expect((await hod().post(path(id, 'unlock'), reason)).body.unlocked).toBe(false);
    expect((await hod().post(path(id, 'unlock'), reason)).body.code).toBe('SECOND_PERSON_NEEDED');
    expect((await server.get(`${API}/sessions/${id}/`)).body.status).toBe('locked');
    const second = await server.as('principal').post(path(id, 'unlock'), reason);
    expect([second.body.unlocked, second.body.session.status]).toEqual([true, 'closed']);
    await advanceAt('12:00');
    expect((await find()).status).toBe('finalized');
    server.clock.stepWall(24 * 3_600_000);
    await advanceSessions(server.db.knex, server.clock.wallMs());
    expect((await find()).status).toBe('locked');
    const change = await server.db.knex('session_change').where({ session_id: id, kind: 'unlock' }).first();
    expect(change.requested_by).not.toBe(change.confirmed_by);
  });

  it('locks by itself when the correction window is over, and waits for a request that is pending', async () => {
    const { id } = await find();
    await allReported();
    await advanceAt('11:00');
    const [request] = await server.db
      .knex('attendance_correction_request')
      .insert({
        session_id: id,
        student_id: (await server.db.knex('student').first('id')).id,
        from_mark: 'absent',
        to_mark: 'present',
        reason: 'I was there',
        requested_at: on('12:00'),
      })
      .returning('id');
    server.clock.stepWall(7 * 86_400_000);
    goTo('23:59');
    server.clock.stepWall(7 * 86_400_000);
    expect((await advanceSessions(server.db.knex, server.clock.wallMs())).locked).toBeGreaterThanOrEqual(0);
    expect((await find()).status).toBe('finalized');
    server.clock.stepWall(61_000);
    await advanceSessions(server.db.knex, server.clock.wallMs());
    expect((await find()).status).toBe('finalized');
    await server.db
      .knex('attendance_correction_request')
      .where({ id: request.id })
      .update({ status: 'rejected' });
    await advanceSessions(server.db.knex, server.clock.wallMs());
    expect((await find()).status).toBe('locked');
  });
});

describe('classes that are not held', () => {
  it('case 20: cancelling an open class withdraws its marks, keeps its captures, and excludes it', async () => {
    const { id } = await find();
    await advanceAt('09:55');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('10:01') }]);
    await server.judge();
    expect((await marksOf(id))['1']).toBe('present');
    goTo('10:20');
    const cancelled = await hod().post(path(id, 'cancel'), { reason: 'bandh' });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', status_reason: 'CANCELLED_BY_HAND' });
    await server.judge();
    expect(new Set(Object.values(await marksOf(id)))).toEqual(new Set(['not_required']));
    const punches = await server.results(`${API}/punches/?student=${rollNumber(0)}`);
    expect(punches.some(({ effective_at }) => effective_at === on('10:01').toISOString())).toBe(true);
    expect((await server.get(path(id, 'summary'))).body).toMatchObject({ total: 0, percentage: null });
  });

  it('case 21: "not held" is one call, gives nobody a mark, and frees the room', async () => {
    const { id } = await find();
    await advanceAt('09:55');
    await advanceAt('10:56');
    await server.judge();
    const answer = await hod().post(path(id, 'not-held'), { reason: 'faculty absent' });
    expect(answer.body).toMatchObject({ status: 'not_held', status_reason: 'NOT_HELD_BY_HAND' });
    await server.judge();
    expect(new Set(Object.values(await marksOf(id)))).toEqual(new Set(['not_required']));
    expect(await server.db.knex('session_occupancy').where({ session_id: id })).toEqual([]);
    // What its faculty did not hold, for the head to read.
    const missed = await hod().get(`${API}/sessions/?faculty=F001&status=not_held&scheduled_date=${day}`);
    expect(missed.body.results.map((one: Body) => [one.id, one.faculty.code])).toEqual([[id, 'F001']]);
  });

  it('case 84: after the wait a person decides: what is known stands', async () => {
    const { id } = await find();
    await nothingReported();
    await advanceAt('09:55');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('10:01') }]);
    await advanceAt('11:00');
    const refused = await faculty().post(path(id, 'finalize'), { decision: 'use_roll', ...reason });
    expect(refused.status).toBe(403);
    const done = await hod().post(path(id, 'finalize'), {
      decision: 'use_roll',
      reason: 'gateway was stolen',
    });
    expect(done.body).toMatchObject({ status: 'finalized', status_reason: 'FINALIZED_BY_HAND' });
    await server.judge();
    expect(await marksOf(id)).toMatchObject({ '1': 'present', '2': 'absent' });
  });
});

describe('changes', () => {
  it('case 57: after a room change captures of the new room count, earlier ones of the old one are kept', async () => {
    const { id } = await find();
    await advanceAt('09:50');
    const moved = await faculty().post(path(id, 'room-change'), { room: 'r202', reason: 'projector' });
    expect(moved.body).toMatchObject({ room: { id: 'r202' }, rooms: ['r202'] });
    await storePunches(server.db.knex, [
      { rollNumber: rollNumber(0), at: on('10:01'), deviceId: 'c202', roomId: 'r202' },
      { rollNumber: rollNumber(1), at: on('10:02') },
    ]);
    await server.judge();
    expect(await marksOf(id)).toMatchObject({ '1': 'present', '2': 'pending' });
  });

  it('case 67: a substitute opens and marks the class, which stays and counts as the course of its faculty, who still sees it', async () => {
    const { id } = await find();
    const substitute = server.as('faculty', { faculty: 'F002' });
    expect((await substitute.get(`${API}/sessions/${id}/`)).status).toBe(404);
    const changed = await hod().post(path(id, 'substitute'), { faculty: 'F002' });
    expect(changed.body).toMatchObject({ faculty: { code: 'F001' }, substitute: { code: 'F002' } });
    goTo('09:55');
    expect((await substitute.post(path(id, 'open'))).body.status).toBe('open');
    expect((await faculty().get(`${API}/sessions/${id}/`)).status).toBe(200);
    const countedOf = async (course: string): Promise<number> => {
      const { db, clock } = server;
      await createStatisticsKeeper({ db, clock, log: silentLog }).run();
      const [row] = await server.results(`${API}/statistics/?student=${rollNumber(0)}&course=${course}`);
      return row?.attended_periods ?? 0;
    };
    const before = [await countedOf('CS301'), await countedOf('CS302')] as const;
    const marked = await substitute.post(`${API}/records/`, {
      session_id: id,
      student: rollNumber(0),
      mark: 'present',
      reason: 'sat in the first row',
    });
    expect([marked.status, marked.body.mark]).toEqual([201, 'present']);
    // The faculty member whose course it is sees the mark, and it counts as that course.
    const seen = await faculty().results(`${API}/sessions/${id}/records/`);
    expect(seen.find(({ student: { roll_number: roll } }) => roll === rollNumber(0)).mark).toBe('present');
    expect([await countedOf('CS301'), await countedOf('CS302')]).toEqual([before[0] + 1, before[1]]);
  });

  it('cases 21, 67: the workload of a day credits who covered, and shows what was covered and not held', async () => {
    const { id } = await find();
    const other = await find('CS302');
    await hod().post(path(id, 'substitute'), { faculty: 'F002' });
    await advanceAt('09:55');
    await advanceAt('11:50');
    await hod().post(path(other.id, 'not-held'), reason);
    const url = `${API}/workload/?start_date=${day}&end_date=${day}`;
    const rows = await hod().results(url);
    const none = { classes_held: 0, periods_held: 0, covered_for_others: 0, covered_by_others: 0 };
    expect(rows.map(({ faculty: { code }, ...counts }) => [code, counts])).toEqual([
      ['F001', { ...none, covered_by_others: 1, not_held: 1, cancelled: 0 }],
      [
        'F002',
        { ...none, classes_held: 1, periods_held: 1, covered_for_others: 1, not_held: 0, cancelled: 0 },
      ],
    ]);
    const first = (await hod().get(`${url}&limit=1`)).body;
    const next = (await hod().get(`${url}&limit=1&cursor=${first.next}`)).body;
    expect([...first.results, ...next.results]).toEqual(rows);
    // Who teaches reads the own row only; another department and students none.
    expect(await faculty().results(url)).toEqual([rows[0]]);
    expect(await server.as('hod', { department: 'ece' }).results(url)).toEqual([]);
    const student = server.as('student', { student: rollNumber(0) });
    expect((await student.get(url)).body.code).toBe('FORBIDDEN');
    expect((await hod().get(`${API}/workload/?start_date=${day}&end_date=2020-01-01`)).status).toBe(400);
  });

  it('case 68: a swap moves the class and holds the other course in its hour', async () => {
    const { id } = await find();
    const answer = await hod().post(path(id, 'swap'), { course: 'CS302', faculty: 'F002', ...reason });
    expect(answer.body).toMatchObject({
      origin: 'swap',
      replaces_session_id: id,
      course: { code: 'CS302' },
      start_at: on('10:00').toISOString(),
      rooms: ['r101'],
    });
    expect((await server.get(`${API}/sessions/${id}/`)).body).toMatchObject({
      status: 'not_held',
      status_reason: 'MOVED',
    });
  });

  it('case 68: the hour that gives it back does the reverse: each course was held once, nobody has lost a class twice', async () => {
    const [first, second] = [await find('CS301'), await find('CS302')];
    const there = await hod().post(path(first.id, 'swap'), { course: 'CS302', faculty: 'F002', ...reason });
    const back = await hod().post(path(second.id, 'swap'), { course: 'CS301', faculty: 'F001', ...reason });
    expect(back.body).toMatchObject({ course: { code: 'CS301' }, start_at: second.start_at });
    await holdUntil('12:00', ['10:51']);
    expect(await courseCounts(0)).toEqual({ CS301: [1, 1], CS302: [1, 0] });
    expect(await courseCounts(1)).toEqual({ CS301: [1, 0], CS302: [1, 0] });
    for (const { body } of [there, back])
      expect((await server.get(`${API}/sessions/${body.id}/`)).body.status).toBe('finalized');
  });

  it('case 69: a class that was not held and its makeup are one held class in everybody’s statistics', async () => {
    const { id } = await find();
    await hod().post(path(id, 'not-held'), reason);
    await hod().post(path((await find('CS302')).id, 'cancel'), reason);
    const made = await hod().post(`${API}/sessions/`, {
      course: 'CS301',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: day,
      start_time: '15:00',
      end_time: '15:50',
      origin: 'makeup',
      replaces_session_id: id,
    });
    await holdUntil('16:30', ['15:01']);
    expect((await server.get(`${API}/sessions/${made.body.id}/`)).body.status).toBe('finalized');
    expect(await courseCounts(0)).toEqual({ CS301: [1, 1] });
    expect(await courseCounts(1)).toEqual({ CS301: [1, 0] });
  });

  it('case 69: a makeup class counts for the one that was not held; who has another class is listed before', async () => {
    const { id } = await find();
    await hod().post(path(id, 'not-held'), reason);
    const times = { sections: ['cse-a'], date: day, start_time: '15:00', end_time: '15:50' };
    expect((await hod().post(`${API}/sessions/makeup-preview/`, times)).body.clashes).toEqual([]);
    await server.db.knex('section').insert({ id: `club-${week}`, name: 'Club', kind: 'elective' });
    const first = await server.db
      .knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    await server.db.knex('roster_membership').insert({
      section_id: `club-${week}`,
      student_id: first.id,
      valid_during: '[2026-07-01,)',
    });
    await server.post(`${API}/sessions/`, {
      course: 'CS302',
      faculty: 'F003',
      rooms: ['r202'],
      ...times,
      sections: [`club-${week}`],
      origin: 'extra',
    });
    const preview = await hod().post(`${API}/sessions/makeup-preview/`, times);
    expect(preview.body.clashes).toMatchObject([{ roll_number: rollNumber(0), course: 'CS302' }]);
    const made = await hod().post(`${API}/sessions/`, {
      course: 'CS301',
      faculty: 'F001',
      rooms: ['r101'],
      ...times,
      origin: 'makeup',
      replaces_session_id: id,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ makeup: true, replaces_session_id: id, counts_in_denominator: true });
  });

  it('case 69: only a class of the course and groups that was not held is made good, and once', async () => {
    const { id } = await find();
    const makeup = (change: object = {}) =>
      hod().post(`${API}/sessions/`, {
        course: 'CS301',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['r101'],
        date: day,
        start_time: '15:00',
        end_time: '15:50',
        origin: 'makeup',
        replaces_session_id: id,
        ...change,
      });
    const why = async (change: object = {}) => {
      const { status, body } = await makeup(change);
      return [status, body.code, body.detail];
    };
    expect((await why())[2]).toMatch(/this class is scheduled/);
    await hod().post(path(id, 'not-held'), reason);
    expect((await why({ course: 'CS302' }))[2]).toMatch(/another course/);
    await server.db.knex('section').insert({ id: `far-${week}`, name: 'Far', department_id: 'cse' });
    expect((await why({ sections: [`far-${week}`] }))[2]).toMatch(/other groups/);
    expect((await why({ origin: 'extra' }))[2]).toMatch(/only a makeup/);
    const times = [
      { start_time: '15:00', end_time: '15:50' },
      { start_time: '16:00', end_time: '16:50' },
    ];
    const both = await Promise.all(times.map(makeup));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await why({ start_time: '17:00', end_time: '17:50' })).slice(0, 2)).toEqual([
      409,
      'ALREADY_EXISTS',
    ]);
  });

  it('case 69: a cancelled class that a makeup made good is not brought back', async () => {
    const { id } = await find();
    await hod().post(path(id, 'cancel'), reason);
    const made = await hod().post(`${API}/sessions/`, {
      course: 'CS301',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: day,
      start_time: '15:00',
      end_time: '15:50',
      origin: 'makeup',
      replaces_session_id: id,
    });
    expect(made.status).toBe(201);
    const restored = await hod().post(path(id, 'restore'));
    expect([restored.status, restored.body.code]).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('case 71: the time to enter a class that was held counts for every name that it can have', async () => {
    const { id } = await find();
    await hod().post(path(id, 'not-held'), reason);
    goTo('16:50');
    server.clock.stepWall(24 * 3_600_000 + 1_000);
    for (const change of [{ origin: 'extra' }, { origin: 'makeup', replaces_session_id: id }]) {
      const body = {
        course: 'CS301',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['r101'],
        date: day,
        start_time: '16:00',
        end_time: '16:50',
        ...change,
      };
      expect((await faculty().post(`${API}/sessions/`, body)).body.code).toBe('AD_HOC_TOO_LATE');
    }
  });

  it('case 71: a class outside the timetable is entered within a day by its faculty, two by the head; its punches count', async () => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(2), at: on('16:02') }]);
    const body = {
      course: 'CS301',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: day,
      start_time: '16:00',
      end_time: '16:50',
    };
    goTo('16:50');
    server.clock.stepWall(24 * 3_600_000 + 1_000);
    expect((await faculty().post(`${API}/sessions/`, body)).body.code).toBe('AD_HOC_TOO_LATE');
    const made = await hod().post(`${API}/sessions/`, body);
    expect(made.status).toBe(201);
    await advanceSessions(server.db.knex, server.clock.wallMs());
    await server.judge();
    expect((await marksOf(made.body.id))['3']).toBe('present');
    const stranger = await server.as('faculty', { faculty: 'F003' }).post(`${API}/sessions/`, body);
    expect(stranger.status).toBe(403);
  });

  it('case 71: its faculty has a day to the second, the head two, and nobody of them a moment longer', async () => {
    const held = (hour: number) => ({
      course: 'CS301',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: day,
      start_time: `${hour}:00`,
      end_time: `${hour}:50`,
    });
    const later = (hours: number, ms = 0) => {
      goTo('16:50');
      server.clock.stepWall(hours * 3_600_000 + ms);
    };
    later(24);
    expect((await faculty().post(`${API}/sessions/`, held(16))).status).toBe(201);
    later(48);
    expect((await hod().post(`${API}/sessions/`, { ...held(15), end_time: '16:00' })).body.code).toBe(
      'AD_HOC_TOO_LATE',
    );
    later(47);
    expect((await hod().post(`${API}/sessions/`, { ...held(15), end_time: '16:00' })).status).toBe(201);
    later(48);
    const last = { ...held(17), start_time: '14:00', end_time: '14:50' };
    expect((await hod().post(`${API}/sessions/`, last)).body.code).toBe('AD_HOC_TOO_LATE');
    later(46);
    expect((await hod().post(`${API}/sessions/`, last)).status).toBe(201);
  });

  it('cases 65, 66: a class that needs a taken room, person or group is refused with the other one named', async () => {
    const { id } = await find();
    const base = {
      course: 'CS302',
      sections: ['cse-a'],
      faculty: 'F002',
      rooms: ['r202'],
      date: day,
      start_time: '18:00',
      end_time: '18:50',
    };
    expect((await hod().post(`${API}/sessions/`, base)).status).toBe(201);
    const other = {
      ...base,
      sections: [`lone-${week}`],
      faculty: 'F003',
      rooms: ['r102'],
      start_time: '18:30',
      end_time: '19:20',
    };
    await server.db.knex('section').insert({ id: `lone-${week}`, name: 'Lone' });
    for (const [what, change] of [
      ['faculty', { faculty: 'F002' }],
      ['room', { rooms: ['r202'] }],
      ['group', { sections: ['cse-a'] }],
    ] as const) {
      const refused = await server.post(`${API}/sessions/`, { ...other, ...change });
      expect([refused.status, refused.body.code], what).toEqual([409, 'CLASH']);
      expect(refused.body.detail).toMatch(
        /Operating Systems \(CS302\), CSE-A, R202, .*18:00–18:50, Dr Lakshmi/,
      );
    }
    const touching = await server.post(`${API}/sessions/`, {
      ...base,
      start_time: '18:50',
      end_time: '19:40',
    });
    expect(touching.status).toBe(201);
    const coTaught = { ...other, faculty: 'F002', is_co_taught: true };
    expect((await server.post(`${API}/sessions/`, coTaught)).status).toBe(201);
    expect(id).toBeDefined();
  });

  it('names what does not exist', async () => {
    const body = {
      course: 'XX1',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: day,
      start_time: '20:00',
      end_time: '20:50',
    };
    const refused = await server.post(`${API}/sessions/`, body);
    expect([refused.status, refused.body.detail]).toEqual([400, 'course: there is no course XX1']);
  });
});

describe('who may', () => {
  it('cases 120, 157: faculty act on own classes only, heads in their department, students on nothing', async () => {
    const { id } = await find();
    goTo('09:55');
    expect((await server.as('faculty', { faculty: 'F003' }).post(path(id, 'open'))).status).toBe(404);
    expect((await server.as('hod', { department: 'ece' }).post(path(id, 'open'))).status).toBe(404);
    expect((await student().post(path(id, 'open'))).status).toBe(403);
    expect((await server.as('lab_technician').post(path(id, 'open'))).status).toBe(403);
    expect((await server.as('auditor').get(`${API}/sessions/${id}/`)).status).toBe(200);
    expect((await faculty().post(path(id, 'lock'))).status).toBe(403);
    expect((await find()).status).toBe('scheduled');
  });

  it('case 158: a headcount says what was counted before', async () => {
    const { id } = await find();
    for (const headcount of [41, 42]) await faculty().post(path(id, 'headcount'), { headcount });
    const changes = await server.db
      .knex('session_change')
      .where({ session_id: id, kind: 'headcount' })
      .orderByRaw("(after->>'headcount')::int");
    expect(changes.map(({ before }) => before)).toEqual([{ headcount: null }, { headcount: 41 }]);
  });

  it('refuses a class that names a room or a group twice', async () => {
    const body = {
      course: 'CS301',
      faculty: 'F001',
      date: '2026-07-08',
      start_time: '18:00',
      end_time: '18:50',
    };
    for (const places of [
      { sections: ['cse-a'], rooms: ['r102', 'r102'] },
      { sections: ['cse-a', 'cse-a'], rooms: ['r102'] },
    ]) {
      const refused = await hod().post(`${API}/sessions/`, { ...body, ...places });
      expect([refused.status, refused.body.code]).toEqual([400, 'REQUEST_INVALID']);
      expect(refused.body.detail).toContain('must not name one twice');
    }
  });
});
