import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

const DAYS = `${API}/calendar-days/`;

let server: TestServer;
let weeks: TestWeeks;
const coordinator = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
  const { knex } = server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('section').update({ department_id: 'cse', year_of_study: 2 });
  await knex('section').insert({ id: 'cse-1', name: 'I CSE', department_id: 'cse', year_of_study: 1 });
  await knex('faculty').insert({ code: 'F002', full_name: 'Dr Lakshmi' });
  await knex('room').insert({ id: 'r201', building_id: 'block-a', name: 'R201' });
});
afterAll(() => server.stop());
beforeEach(() => weeks.next());

const put = (body: object, headers: Record<string, string> = {}, date = weeks.day) =>
  coordinator().put(`${DAYS}${date}/`, body, headers);
const del = (headers: Record<string, string> = {}, date = weeks.day) =>
  coordinator().del(`${DAYS}${date}/`, headers);
const classes = () => server.results(`${API}/sessions/?scheduled_date=${weeks.day}`);
const stateOf = async () => (await classes()).map(({ status, status_reason: why }) => [status, why] as const);
const declare = async (body: object = {}): Promise<Body> =>
  (await coordinator().post(`${API}/holidays/`, { name: 'Festival', date: weeks.day, ...body })).body;
const withdraw = async ({ holiday }: Body): Promise<string[]> =>
  (await coordinator().del(`${API}/holidays/${holiday.id}/`)).body.restored;
const notRestored = () =>
  server.db
    .knex('exception_item as e')
    .join('attendance_session as s', 's.id', 'e.session_id')
    .where({ 's.scheduled_date': weeks.day, 'e.code': 'CLASS_NOT_RESTORED' })
    .pluck<string[]>('message');

/** Another class at ten, in the room and with the faculty member that are named. */
const makeClass = (change: object) =>
  server.post(`${API}/sessions/`, {
    course: 'CS301',
    sections: ['cse-1'],
    faculty: 'F002',
    rooms: ['r201'],
    date: weeks.day,
    start_time: '10:00',
    end_time: '10:50',
    origin: 'extra',
    reason: 'needed',
    ...change,
  });

describe('days of the calendar', () => {
  it('case 73: an exam day takes the classes that were made already, tells, and gives them back with their ids', async () => {
    await server.tokenOf('faculty', { faculty: 'F001' });
    const before = await classes();
    const taken = await put({ kind: 'exam', note: 'midterm' });
    expect(taken).toMatchObject({ status: 200, body: { kind: 'exam', version: 1 } });
    expect(taken.body.effect.cancelled.sort()).toEqual(before.map(({ id }) => id).sort());
    expect(await stateOf()).toEqual([
      ['cancelled', 'EXAM_DAY'],
      ['cancelled', 'EXAM_DAY'],
    ]);
    expect(
      await server.db.knex('notification').where({ kind: 'session_cancelled', subject_id: before[0].id }),
    ).toHaveLength(1);
    const withdrawn = await del();
    expect(withdrawn.body.restored.sort()).toEqual(before.map(({ id }) => id).sort());
    expect((await classes()).map(({ id, status }) => [id, status])).toEqual(
      before.map(({ id }) => [id, 'scheduled']),
    );
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_session', entity_id: before[0].id })
      .whereIn('action', ['cancel', 'restore'])
      .orderBy('id');
    expect(audited.map(({ action, reason }) => [action, reason])).toEqual([
      ['cancel', 'calendar day: EXAM_DAY'],
      ['restore', 'the day of the calendar was changed'],
    ]);
    const [day] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'calendar_day', entity_id: weeks.day, action: 'put' });
    expect(day).toMatchObject({ actor_role: 'coordinator', after: { classes: { cancelled: 2 } } });
  });

  it('cases 4, 6: no classes from now on: the class that goes on was not held, a kind that changes is renamed', async () => {
    weeks.goTo('10:30');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    await put({ kind: 'no_classes' });
    expect(await stateOf()).toEqual([
      ['not_held', 'NO_CLASSES'],
      ['cancelled', 'NO_CLASSES'],
    ]);
    const renamed = await put({ kind: 'exam' });
    expect(renamed.body.effect).toEqual({ cancelled: [], not_held: [], restored: [] });
    expect((await stateOf())[1]).toEqual(['cancelled', 'EXAM_DAY']);
  });

  it('case 9: a day that comes to follow another one loses its own classes, but for those changed by hand', async () => {
    const [first, second] = await classes();
    await coordinator().post(`${API}/sessions/${second.id}/room-change/`, { room: 'r201' });
    const followed = await put({ follows_weekday: 0 });
    expect(followed.body.effect.cancelled).toEqual([first.id]);
    expect(await stateOf()).toEqual([
      ['cancelled', 'OTHER_DAY'],
      ['scheduled', ''],
    ]);
    expect((await put({ follows_weekday: 1 })).body.effect.restored).toEqual([first.id]);
  });

  it('case 5: what a holiday takes as well stays cancelled until that is withdrawn, and the other way round', async () => {
    const declared = await declare();
    await put({ kind: 'no_classes' });
    expect(await withdraw(declared)).toEqual([]);
    expect((await stateOf())[0]).toEqual(['cancelled', 'NO_CLASSES']);
    const again = await declare({ name: 'Rain' });
    expect((await del()).body.restored).toEqual([]);
    expect((await stateOf())[0]).toEqual(['cancelled', 'HOLIDAY']);
    expect(await withdraw(again)).toHaveLength(2);
  });

  it('are listed by date, within a range and by kind, in pages, and read one by one', async () => {
    for (const [offset, kind] of [
      [1, 'exam'],
      [2, 'exam'],
      [3, 'working'],
    ] as const)
      await put({ kind }, {}, weeks.date(offset));
    const range = `start_date=${weeks.date(1)}&end_date=${weeks.date(3)}`;
    const dates = (await server.results(`${DAYS}?${range}`)).map(({ date }) => date);
    expect(dates).toEqual([weeks.date(1), weeks.date(2), weeks.date(3)]);
    const first = (await server.get(`${DAYS}?${range}&kind=exam&limit=1`)).body;
    const next = (await server.get(`${DAYS}?${range}&kind=exam&limit=1&cursor=${first.next}`)).body;
    expect([first.results[0].date, next.results[0].date, next.next]).toEqual([
      weeks.date(1),
      weeks.date(2),
      null,
    ]);
    const one = await server.as('student', { student: rollNumber(0) }).get(`${DAYS}${weeks.date(1)}/`);
    expect([one.status, one.headers.get('etag')]).toEqual([200, '"1"']);
    expect((await server.get(`${DAYS}${weeks.date(4)}/`)).body.code).toBe('NOT_FOUND');
  });

  it('hostile: a stale version changes nothing, another role neither', async () => {
    expect((await put({ kind: 'exam' }, { 'If-Match': '"1"' })).body.code).toBe('STALE');
    await put({ kind: 'working' });
    for (const refused of [
      await put({ kind: 'exam' }, { 'If-Match': '"7"' }),
      await put({ kind: 'exam', version: 7 }),
      await del({ 'If-Match': '"7"' }),
    ])
      expect(refused).toMatchObject({ status: 409, body: { code: 'STALE' } });
    expect((await put({ kind: 'exam' }, { 'If-Match': '"nonsense"' })).status).toBe(400);
    const faculty = server.as('faculty', { faculty: 'F001' });
    expect((await faculty.put(`${DAYS}${weeks.day}/`, { kind: 'exam' })).status).toBe(403);
    expect((await faculty.del(`${DAYS}${weeks.day}/`)).status).toBe(403);
    expect((await del({}, weeks.date(5))).body.code).toBe('NOT_FOUND');
    expect(await stateOf()).toEqual([
      ['scheduled', ''],
      ['scheduled', ''],
    ]);
  });
});

describe('classes that come back', () => {
  it('case 69: one that a makeup has made good stays cancelled, and a person is told', async () => {
    const declared = await declare();
    const [first, second] = await classes();
    const makeup = await makeClass({
      origin: 'makeup',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: weeks.date(4),
      replaces_session_id: first.id,
    });
    expect(makeup.status).toBe(201);
    expect(await withdraw(declared)).toEqual([second.id]);
    expect(await stateOf()).toEqual([
      ['cancelled', 'NOT_RESTORED'],
      ['scheduled', ''],
    ]);
    expect(await notRestored()).toEqual([
      `What cancelled this class was withdrawn, but it stays cancelled: it was made good by the makeup of ${weeks.date(4)}`,
    ]);
  });

  it.each([
    ['room', { rooms: ['r101'] }],
    ['faculty member', { faculty: 'F001' }],
    ['group', { sections: ['cse-a'] }],
  ])('cases 65, 66: one whose %s has another class by now stays cancelled, and a person is told', async (_what, change) => {
    await put({ kind: 'no_classes' });
    expect((await makeClass(change)).status).toBe(201);
    const [first] = await server.results(`${API}/sessions/?scheduled_date=${weeks.day}&origin=timetable`);
    const { restored } = (await del()).body;
    expect(restored).toHaveLength(1);
    expect(restored).not.toContain(first.id);
    const [message] = await notRestored();
    expect(message).toContain('has another class then: Database Systems (CS301)');
  });

  it('case 5: all of them, however many a holiday took', async () => {
    const { knex } = server.db;
    await knex.raw(
      `INSERT INTO section (id, name) SELECT 'many-' || n, 'Many ' || n FROM generate_series(1, 450) n`,
    );
    await knex.raw(
      `INSERT INTO faculty (code, full_name) SELECT 'M' || n, 'Dr ' || n FROM generate_series(1, 450) n`,
    );
    await knex.raw(
      `INSERT INTO room (id, building_id, name) SELECT 'many-' || n, 'block-a', 'M' || n FROM generate_series(1, 450) n`,
    );
    await knex.raw(
      `INSERT INTO attendance_session (academic_period_id, section_id, course_code, faculty_code, room_id,
         scheduled_date, start_at, end_at, policy, reach_from, reach_until, origin)
       SELECT s.academic_period_id, 'many-' || n, s.course_code, 'M' || n, 'many-' || n, s.scheduled_date, s.start_at,
         s.end_at, s.policy, s.reach_from, s.reach_until, 'extra'
       FROM attendance_session s CROSS JOIN generate_series(1, 450) n
       WHERE s.scheduled_date = ? AND s.course_code = 'CS301' AND s.timetable_slot_id IS NOT NULL`,
      [weeks.day],
    );
    const declared = await declare();
    expect(declared.effect.cancelled).toHaveLength(452);
    expect(await withdraw(declared)).toHaveLength(452);
    const [left] = await knex('attendance_session')
      .where({ scheduled_date: weeks.day })
      .whereNot({ status: 'scheduled' })
      .count('* as n');
    expect(Number(left?.['n'])).toBe(0);
    const occupied = await knex('session_occupancy as o')
      .join('attendance_session as s', 's.id', 'o.session_id')
      .where({ 's.scheduled_date': weeks.day, 'o.kind': 'room' });
    expect(occupied).toHaveLength(452);
  });

  it('case 8: a holiday whose scope changes gives back whom it is not for any more', async () => {
    const declared = await declare();
    const path = `${API}/holidays/${declared.holiday.id}/`;
    const changed = await coordinator().patch(path, { scope: { year_of_study: 1 } });
    expect(changed.body.holiday.scope).toEqual({ year_of_study: 1, department: null, section: null });
    expect(await stateOf()).toEqual([
      ['scheduled', ''],
      ['scheduled', ''],
    ]);
    const back = await coordinator().patch(path, { scope: {} });
    expect(back.body.effect.cancelled).toHaveLength(2);
    const refused = await coordinator().patch(path, { scope: { section: 'nowhere' } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });

  it('case 8: a holiday of a section takes the classes of its batches, made before or after it', async () => {
    await server.db
      .knex('section')
      .insert({ id: 'batch-b9', name: 'B9', kind: 'batch', parent_id: 'cse-a' })
      .onConflict('id')
      .ignore();
    const lab = { sections: ['batch-b9'], faculty: 'F001', rooms: ['r101'], date: weeks.day };
    const made = await makeClass({ ...lab, start_time: '14:00', end_time: '14:50' });
    expect(made.status).toBe(201);
    const declared = await declare({ scope: { section: 'cse-a' } });
    expect(declared.effect.cancelled).toHaveLength(3);
    expect(declared.effect.cancelled).toContain(made.body.id);
    expect(await withdraw(declared)).toHaveLength(3);
    const ofBatch = await declare({ name: 'Day of the batch', scope: { section: 'batch-b9' } });
    expect(ofBatch.effect.cancelled).toEqual([made.body.id]);
  });

  it('case 7: whether a half-day takes a class is asked no more once the class or the half-day is gone', async () => {
    const open = () =>
      server.db
        .knex('exception_item as e')
        .join('attendance_session as s', 's.id', 'e.session_id')
        .where({ 's.scheduled_date': weeks.day, 'e.code': 'HOLIDAY_STRADDLE', 'e.resolved_at': null })
        .select('e.session_id as id', server.db.knex.raw(`e.detail->>'holiday_id' AS holiday`));
    const [first] = await classes();
    const part = { start_time: '10:30', end_time: '10:50' };
    const one = await declare({ name: 'Half day', ...part });
    const other = await declare({ name: 'Another half', ...part });
    expect(await open()).toEqual([{ id: first.id, holiday: one.holiday.id }]);
    await withdraw(one);
    expect(await open()).toEqual([{ id: first.id, holiday: other.holiday.id }]);
    const path = `${API}/holidays/${other.holiday.id}/`;
    await coordinator().patch(path, { start_time: '13:00', end_time: '17:00' });
    expect(await open()).toEqual([]);
    await coordinator().patch(path, part);
    expect(await open()).toEqual([{ id: first.id, holiday: other.holiday.id }]);
    expect((await put({ kind: 'no_classes' })).body.effect.cancelled).toHaveLength(2);
    expect(await open()).toEqual([]);
    await del();
    await server.post(`${API}/sessions/${first.id}/not-held/`, { reason: 'nobody came' });
    expect(await open()).toEqual([]);
  });

  it('case 7: a class that comes back into a half-day declared meanwhile is put before a person', async () => {
    const asked = () =>
      server.db
        .knex('exception_item as e')
        .join('attendance_session as s', 's.id', 'e.session_id')
        .where({ 's.scheduled_date': weeks.day, 'e.code': 'HOLIDAY_STRADDLE' })
        .pluck<string[]>('e.session_id');
    const declared = await declare();
    const [first] = await classes();
    await declare({ name: 'Half day', start_time: '10:30', end_time: '10:50' });
    expect(await asked()).toEqual([]);
    expect(await withdraw(declared)).toHaveLength(2);
    expect(await asked()).toEqual([first.id]);
    // The same by way of the day.
    await server.db
      .knex('exception_item')
      .where({ code: 'HOLIDAY_STRADDLE' })
      .update({ resolved_at: new Date(0) });
    await put({ kind: 'no_classes' });
    await del();
    expect(await asked()).toEqual([first.id, first.id]);
  });
});

describe('day order: a timetable that counts days', () => {
  const MONDAY = '2027-02-01';
  const TUESDAY = '2027-02-02';
  const WEDNESDAY = '2027-02-03';
  let version: string;

  beforeAll(async () => {
    await server.db.knex('academic_period').insert({
      id: 'cycle',
      campus_id: 'main',
      name: 'Days of a cycle',
      starts_on: '2027-01-25',
      ends_on: '2027-03-31',
    });
    const made = await coordinator().post(`${API}/timetable-versions/`, {
      academic_period: 'cycle',
      name: 'six days',
      valid_from: '2027-01-25',
      uses_day_order: true,
      apply: true,
    });
    version = made.body.timetable_version.id;
  });

  const slot = (id: string, day_order: number, change: object = {}) =>
    coordinator().post(`${API}/timetable-slots/`, {
      id,
      timetable_version_id: version,
      course: 'CS301',
      faculty: 'F002',
      section: 'cse-1',
      room: 'r201',
      day_of_week: 0,
      day_order,
      start_time: '10:00',
      end_time: '10:50',
      ...change,
    });
  const numbered = (date: string, day_order: number | null) => put({ day_order }, {}, date);
  const generate = async (from: string, until = from): Promise<Body> =>
    (await coordinator().post(`${API}/sessions/generate/`, { start_date: from, end_date: until })).body;
  const on = async (date: string): Promise<string[][]> =>
    (await server.results(`${API}/sessions/?scheduled_date=${date}`)).map(
      ({ course, status, status_reason: why }) => [course.code, status, why],
    );

  it('cases 65, 66: slots of different days of the cycle share a room, those of one do not', async () => {
    expect((await slot('order-2', 2)).status).toBe(201);
    expect((await slot('order-3', 3, { course: 'CS302' })).status).toBe(201);
    const refused = await slot('order-2-again', 2, {
      faculty: 'F001',
      start_time: '10:30',
      end_time: '11:20',
      section: 'cse-a',
    });
    expect(refused).toMatchObject({ status: 409, body: { code: 'CLASH' } });
    expect(refused.body.detail).toContain('r201');
  });

  it('has its classes on the days with their number, whatever the weekday, and on no others', async () => {
    await numbered(MONDAY, 2);
    await numbered(TUESDAY, 3);
    await numbered(WEDNESDAY, 2);
    expect(await generate(MONDAY, '2027-02-05')).toMatchObject({ created: 3, clashes: [] });
    expect(await on(MONDAY)).toEqual([['CS301', 'scheduled', '']]);
    expect(await on(TUESDAY)).toEqual([['CS302', 'scheduled', '']]);
    expect(await on(WEDNESDAY)).toEqual([['CS301', 'scheduled', '']]);
    expect(await on('2027-02-04')).toEqual([]);
  });

  it('case 9: a day that gets another number loses its classes, gets those of that one, and the first come back with it', async () => {
    const [before] = await server.results(`${API}/sessions/?scheduled_date=${WEDNESDAY}`);
    const changed = await numbered(WEDNESDAY, 3);
    expect(changed.body.effect).toMatchObject({ cancelled: [before.id], restored: [] });
    expect(await generate(WEDNESDAY)).toMatchObject({ created: 1, clashes: [] });
    expect((await on(WEDNESDAY)).toSorted()).toEqual([
      ['CS301', 'cancelled', 'OTHER_DAY'],
      ['CS302', 'scheduled', ''],
    ]);
    // Both need the same room at the same time: what goes makes room for what comes back.
    const back = await numbered(WEDNESDAY, 2);
    expect(back.body.effect.restored).toEqual([before.id]);
    expect((await on(WEDNESDAY)).toSorted()).toEqual([
      ['CS301', 'scheduled', ''],
      ['CS302', 'cancelled', 'OTHER_DAY'],
    ]);
    const none = await del({}, WEDNESDAY);
    expect(none.body).toMatchObject({ cancelled: [before.id] });
  });
});
