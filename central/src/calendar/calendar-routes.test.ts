import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { generateSessionsJob } from '../jobs/generate-sessions.js';
import { silentLog } from '../log.js';
import { takenBack } from '../marks/preview-recompute.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

let server: TestServer;
let versionId: string;
const coordinator = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('section').update({ department_id: 'cse', year_of_study: 2 });
  await knex('section').insert([
    { id: 'cse-1', name: 'I CSE', department_id: 'cse', year_of_study: 1 },
    { id: 'b1', name: 'B1', kind: 'batch', parent_id: 'cse-a' },
    { id: 'b2', name: 'B2', kind: 'batch', parent_id: 'cse-a' },
    { id: 'elective', name: 'Elective', kind: 'elective' },
    { id: 'empty', name: 'Empty' },
  ]);
  await knex('faculty').insert([
    { code: 'F002', full_name: 'Dr Lakshmi' },
    { code: 'F003', full_name: 'Dr Khan' },
  ]);
  await knex('room').insert([
    { id: 'r201', building_id: 'block-a', name: 'R201' },
    { id: 'hall', building_id: 'block-a', name: 'Hall' },
  ]);
  versionId = (await server.results(`${API}/timetable-versions/`))[0].id;
});
afterAll(() => server.stop());

const goTo = (date: string, time = '06:00') =>
  server.clock.stepWall(new Date(`${date}T${time}+05:30`).getTime() - server.clock.wallMs());
const generate = async (start: string, end = start): Promise<Body> =>
  (await coordinator().post(`${API}/sessions/generate/`, { start_date: start, end_date: end })).body;
const on = (date: string, more = '') => server.results(`${API}/sessions/?scheduled_date=${date}${more}`);
const holiday = (body: object) => coordinator().post(`${API}/holidays/`, { name: 'Holiday', ...body });
const slot = (id: string, change: object = {}) =>
  coordinator().post(`${API}/timetable-slots/`, {
    id,
    timetable_version_id: versionId,
    course: 'CS301',
    faculty: 'F002',
    section: 'cse-1',
    room: 'r201',
    day_of_week: 4,
    start_time: '10:00',
    end_time: '10:50',
    ...change,
  });

describe('generation', () => {
  it('A10.1, cases 1, 2: every Tuesday of a month, once; again nothing is created', async () => {
    const first = await generate('2026-09-01', '2026-09-30');
    expect(first).toMatchObject({ created: 10, existing: 0, left_out: [], clashes: [] });
    expect(await generate('2026-09-01', '2026-09-30')).toMatchObject({ created: 0, existing: 10 });
    const list = await server.results(
      `${API}/sessions/?start_date=2026-09-01&end_date=2026-09-30&course=CS301`,
    );
    expect(list.map(({ scheduled_date: date }) => date)).toEqual([
      '2026-09-01',
      '2026-09-08',
      '2026-09-15',
      '2026-09-22',
      '2026-09-29',
    ]);
  });

  it('R18: a holiday that does not affect attendance leaves its classes alone, until it does', async () => {
    const made = await holiday({ name: 'Alumni day', date: '2026-12-22', affects_attendance: false });
    expect(made.body).toMatchObject({ holiday: { affects_attendance: false }, effect: { cancelled: [] } });
    expect(await generate('2026-12-22')).toMatchObject({ created: 2, left_out: [] });
    const statuses = async () => (await on('2026-12-22')).map(({ status }) => status);
    expect(await statuses()).toEqual(['scheduled', 'scheduled']);
    const address = `${API}/holidays/${made.body.holiday.id}/`;
    await coordinator().patch(address, { affects_attendance: true });
    expect(await statuses()).toEqual(['cancelled', 'cancelled']);
    await coordinator().patch(address, { affects_attendance: false });
    expect(await statuses()).toEqual(['scheduled', 'scheduled']);
  });

  it('case 5: whoever withdraws a holiday holds no class of its day while somebody declares another one', async () => {
    const { knex } = server.db;
    await generate('2026-08-25');
    const made = await holiday({ name: 'Local', date: '2026-08-25' });
    let withdrawing: ReturnType<ReturnType<typeof coordinator>['del']> | undefined;
    await takenBack(knex, async (declaring) => {
      await declaring('attendance_holiday').insert({ campus_id: 'main', name: 'Bandh', date: '2026-08-25' });
      withdrawing = coordinator().del(`${API}/holidays/${made.body.holiday.id}/`);
      await vi.waitFor(async () => {
        const waiting = await knex('pg_stat_activity')
          .where({ wait_event_type: 'Lock' })
          .whereRaw('datname = current_database()');
        expect(waiting).toHaveLength(1);
      });
      const { rows } = await declaring.raw<{ rows: object[] }>(
        "SELECT id FROM attendance_session WHERE scheduled_date = '2026-08-25' FOR NO KEY UPDATE NOWAIT",
      );
      expect(rows).toHaveLength(2);
    });
    expect((await withdrawing)?.body.restored).toHaveLength(2);
  });

  it('A10.2, case 3: a holiday is left out and named as the reason', async () => {
    await holiday({ name: 'Gandhi Jayanti', date: '2026-10-06' });
    const made = await generate('2026-10-01', '2026-10-13');
    expect(made.created).toBe(2);
    expect(made.left_out).toEqual([
      { slot: 'cse-a-tue-1000', date: '2026-10-06', reason: 'HOLIDAY', name: 'Gandhi Jayanti' },
      { slot: 'cse-a-tue-1050', date: '2026-10-06', reason: 'HOLIDAY', name: 'Gandhi Jayanti' },
    ]);
  });

  it('case 158: a day of the calendar that is changed says what it was before', async () => {
    const day = (body: object) => coordinator().put(`${API}/calendar-days/2026-12-12/`, body);
    await day({ kind: 'exam', note: 'midterm' });
    await day({ kind: 'working' });
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: '2026-12-12' })
      .orderBy('id');
    expect(audited.map(({ before }) => before)).toEqual([
      null,
      {
        date: '2026-12-12',
        kind: 'exam',
        follows_weekday: null,
        day_order: null,
        note: 'midterm',
        version: 1,
      },
    ]);
    expect(await server.db.knex('calendar_day').where({ date: '2026-12-12' }).pluck('version')).toEqual([2]);
  });

  it('case 9: a working Saturday that follows Tuesday has the classes of Tuesday, and not its own', async () => {
    await slot('sat-own', { day_of_week: 5 });
    await coordinator().put(`${API}/calendar-days/2026-09-19/`, { follows_weekday: 1 });
    await generate('2026-09-19');
    const list = await on('2026-09-19');
    expect(list.map(({ course }) => course.code)).toEqual(['CS301', 'CS302']);
    const row = await server.db.knex('attendance_session').where({ id: list[0].id }).first('follows_weekday');
    expect(row.follows_weekday).toBe(1);
  });

  it('case 10: nothing after the end of the period, although the slot is active', async () => {
    const made = await generate('2026-12-29', '2027-01-12');
    expect(made.created).toBe(2);
  });

  it('A10.3, cases 24, 25: ten o’clock is ten on campus, for a client and a server anywhere', async () => {
    const [first] = await on('2026-09-01');
    expect(first.start_at).toBe('2026-09-01T04:30:00.000Z');
  });

  it('case 12: two schedulers at once make one set of classes', async () => {
    goTo('2026-08-03', '23:30');
    const context = { db: server.db, clock: server.clock, log: silentLog };
    await Promise.all([generateSessionsJob.run(context), generateSessionsJob.run(context)]);
    expect(await on('2026-08-04')).toHaveLength(2);
  });

  it('case 76: a generation is undone as one job, but for what has begun or was changed', async () => {
    const made = await generate('2026-11-03', '2026-11-24');
    const [kept] = await on('2026-11-10');
    await coordinator().post(`${API}/sessions/${kept.id}/room-change/`, { room: 'hall' });
    const undone = await coordinator().post(`${API}/session-jobs/${made.job_id}/undo/`);
    expect(undone.body).toEqual({ cancelled: made.created - 1, kept: 1 });
    expect((await on('2026-11-17')).map(({ status_reason: why }) => why)).toEqual([
      'GENERATION_UNDONE',
      'GENERATION_UNDONE',
    ]);
  });

  it('cases 2, 76: what was undone is made again with the id that it had, as the timetable has it by now', async () => {
    const made = await generate('2026-12-01', '2026-12-15');
    const before = await on('2026-12-08');
    const [byHand] = await on('2026-12-15');
    await coordinator().post(`${API}/session-jobs/${made.job_id}/undo/`);
    for (const action of ['restore', 'cancel']) {
      const by = await coordinator().post(`${API}/sessions/${byHand.id}/${action}/`, {
        reason: 'never again',
      });
      expect(by.status).toBe(200);
    }
    const current = await server.get(`${API}/timetable-slots/cse-a-tue-1000/`);
    const move = (change: object, version: number) =>
      coordinator().patch(`${API}/timetable-slots/cse-a-tue-1000/`, change, { 'if-match': `"${version}"` });
    const moved = await move({ room: 'hall', start_time: '09:00', end_time: '09:50' }, current.body.version);
    expect(moved.status).toBe(200);
    const again = await generate('2026-12-01', '2026-12-15');
    expect(again).toMatchObject({ created: made.created - 1, existing: 1, clashes: [] });
    const after = await on('2026-12-08');
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
    expect(after[0]).toMatchObject({
      status: 'scheduled',
      status_reason: '',
      start_at: '2026-12-08T03:30:00.000Z',
      room: { id: 'hall' },
      rooms: ['hall'],
    });
    const reach = await server.db
      .knex('session_section')
      .where({ session_id: after[0].id })
      .pluck('reach_from');
    expect(reach).toEqual([new Date('2026-12-08T03:00:00.000Z')]);
    expect(await server.db.knex('session_occupancy').where({ session_id: after[0].id })).not.toEqual([]);
    const undone = await coordinator().post(`${API}/session-jobs/${again.job_id}/undo/`);
    expect(undone.body.cancelled).toBe(again.created);
    expect((await on('2026-12-15')).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    await move({ room: 'r101', start_time: '10:00', end_time: '10:50' }, moved.body.version);
  });

  it('case 2: the hourly job makes what was undone for tomorrow', async () => {
    goTo('2026-08-10', '09:00');
    const made = await generate('2026-08-11');
    await coordinator().post(`${API}/session-jobs/${made.job_id}/undo/`);
    await generateSessionsJob.run({ db: server.db, clock: server.clock, log: silentLog });
    expect((await on('2026-08-11')).map(({ status }) => status)).toEqual(['scheduled', 'scheduled']);
  });

  it('case 75: a section without students has classes without warnings', async () => {
    await slot('empty-fri', {
      section: 'empty',
      faculty: 'F003',
      room: 'hall',
      start_time: '15:00',
      end_time: '15:50',
    });
    const made = await generate('2026-09-04');
    expect(made.clashes).toEqual([]);
    expect(await on('2026-09-04', '&section=empty')).toHaveLength(1);
  });
});

describe('holidays', () => {
  it('cases 4, 5: declared after generation it cancels and tells; withdrawn, the classes are back with their ids', async () => {
    goTo('2026-09-07');
    await server.tokenOf('faculty', { faculty: 'F001' });
    const before = await on('2026-09-08');
    const declared = await holiday({ name: 'Festival', date: '2026-09-08' });
    expect(declared.body.effect.cancelled.sort()).toEqual(before.map(({ id }) => id).sort());
    expect((await on('2026-09-08')).map(({ status, status_reason: why }) => [status, why])).toEqual([
      ['cancelled', 'HOLIDAY'],
      ['cancelled', 'HOLIDAY'],
    ]);
    expect(
      await server.db.knex('notification').where({ kind: 'session_cancelled', subject_id: before[0].id }),
    ).toHaveLength(1);
    await storePunches(server.db.knex, [
      { rollNumber: rollNumber(0), at: new Date('2026-09-08T10:01:00+05:30') },
    ]);
    await server.judge();
    expect(await server.results(`${API}/records/?session=${before[0].id}`)).toEqual([]);
    const withdrawn = await coordinator().del(`${API}/holidays/${declared.body.holiday.id}/`);
    expect(withdrawn.body.restored).toHaveLength(2);
    expect((await on('2026-09-08')).map(({ id, status }) => [id, status])).toEqual(
      before.map(({ id }) => [id, 'scheduled']),
    );
  });

  it('case 6: declared at eleven, what has ended stays held, what is open was not held, what is later is cancelled', async () => {
    await slot('tue-late', { day_of_week: 1, start_time: '14:00', end_time: '14:50' });
    await generate('2026-09-15');
    goTo('2026-09-15', '10:45');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    goTo('2026-09-15', '10:56');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    goTo('2026-09-15', '11:00');
    const preview = await coordinator().post(`${API}/holidays/preview/`, {
      name: 'Rain',
      date: '2026-09-15',
    });
    const { effect } = (await holiday({ name: 'Rain', date: '2026-09-15' })).body;
    expect(preview.body).toEqual(effect);
    const list = await on('2026-09-15');
    expect(
      Object.fromEntries(list.map(({ start_at: start, status }) => [start.slice(11, 16), status])),
    ).toEqual({
      '04:30': 'closed',
      '05:20': 'not_held',
      '08:30': 'cancelled',
    });
  });

  it('case 7: a half-day leaves the morning, and a class that straddles it is kept and flagged', async () => {
    await holiday({ name: 'Half day', date: '2026-09-22', start_time: '10:30', end_time: '17:00' });
    const list = await on('2026-09-22', '&section=cse-a');
    expect(list.map(({ status }) => status)).toEqual(['scheduled', 'cancelled']);
    const items = await server.db
      .knex('exception_item')
      .where({ code: 'HOLIDAY_STRADDLE', session_id: list[0].id });
    expect(items).toHaveLength(1);
  });

  it('case 7: declared before generation, a half-day leaves out the afternoon and keeps the class at its edge', async () => {
    await slot('sun-noon', { day_of_week: 6, start_time: '12:30', end_time: '13:20' });
    await slot('sun-morning', { day_of_week: 6, start_time: '09:00', end_time: '09:50' });
    await slot('sun-afternoon', { day_of_week: 6, start_time: '14:00', end_time: '14:50' });
    await holiday({ name: 'Afternoon off', date: '2026-11-29', start_time: '13:00', end_time: '17:00' });
    const made = await generate('2026-11-29');
    expect((await on('2026-11-29')).map(({ start_at: start }) => start.slice(11, 16)).sort()).toEqual([
      '03:30',
      '07:00',
    ]);
    expect(made.left_out).toMatchObject([{ slot: 'sun-afternoon', name: 'Afternoon off' }]);
  });

  it('case 8: a holiday of the first year leaves the second year alone and keeps a class of both', async () => {
    await slot('both-thu', {
      day_of_week: 3,
      section: 'cse-1',
      more_sections: ['elective'],
      room: 'hall',
      faculty: 'F003',
    });
    await slot('one-thu', { day_of_week: 3, start_time: '12:00', end_time: '12:50' });
    await slot('two-thu', {
      day_of_week: 3,
      section: 'cse-a',
      room: 'r102',
      faculty: 'F001',
      start_time: '12:00',
      end_time: '12:50',
    });
    await generate('2026-09-24');
    const { effect } = (await holiday({ name: 'I year', date: '2026-09-24', scope: { year_of_study: 1 } }))
      .body;
    expect([effect.cancelled.length, effect.partly.length]).toEqual([1, 1]);
    const list = await on('2026-09-24');
    expect(list.filter(({ status }) => status === 'cancelled').map(({ section }) => section.id)).toEqual([
      'cse-1',
    ]);
  });

  it.each([
    ['the same one twice', { name: 'Rain', date: '2026-09-15' }, 409],
    ['a date that is none', { date: '2026-02-30' }, 400],
    ['a half-day without its end', { date: '2026-09-01', start_time: '10:00' }, 400],
    [
      'a half-day that ends before it starts',
      { date: '2026-09-01', start_time: '10:00', end_time: '09:00' },
      400,
    ],
    ['a section that does not exist', { date: '2026-09-01', scope: { section: 'nowhere' } }, 400],
  ])('hostile: %s is refused', async (_what, body, status) => {
    expect((await holiday(body)).status).toBe(status);
  });

  it('is for the office', async () => {
    const body = { name: 'Mine', date: '2026-09-02' };
    expect((await server.as('faculty', { faculty: 'F001' }).post(`${API}/holidays/`, body)).status).toBe(403);
  });
});

describe('timetable slots', () => {
  it('cases 65, 66: a taken person, room or group is refused with the other slot named; touching and co-taught are not', async () => {
    await slot('mon-a', { day_of_week: 0 });
    const other = {
      day_of_week: 0,
      section: 'elective',
      faculty: 'F003',
      room: 'hall',
      start_time: '10:30',
      end_time: '11:20',
    };
    for (const change of [{ faculty: 'F002' }, { room: 'r201' }, { section: 'cse-1' }]) {
      const refused = await slot('mon-b', { ...other, ...change });
      expect([refused.status, refused.body.code]).toEqual([409, 'CLASH']);
      expect(refused.body.detail).toContain('Database Systems (CS301), I CSE, R201, 10:00–10:50, Dr Lakshmi');
    }
    expect((await slot('mon-touch', { day_of_week: 0, start_time: '10:50', end_time: '11:40' })).status).toBe(
      201,
    );
    expect((await slot('mon-co', { ...other, faculty: 'F002', is_co_taught: true })).status).toBe(201);
  });

  it('cases 65, 66: a slot like one of the seeded timetable is refused, whatever it shares with it', async () => {
    const same = { day_of_week: 1, start_time: '10:00', end_time: '10:50' };
    for (const [id, change] of [
      ['like-all', { section: 'cse-a', faculty: 'F001', room: 'r101' }],
      ['like-faculty', { faculty: 'F001' }],
      ['like-room', { room: 'r101' }],
      ['like-group', { section: 'cse-a' }],
    ] as const) {
      const refused = await slot(id, { ...same, ...change });
      expect(refused, id).toMatchObject({ status: 409, body: { code: 'CLASH' } });
      expect(refused.body.detail).toContain('Database Systems (CS301), CSE-A, R101, 10:00–10:50, Dr Rao');
    }
  });

  it('case 66: a clash may be a warning: the slot is made and a person is told', async () => {
    const allowed = await slot('mon-warn', {
      day_of_week: 0,
      section: 'empty',
      room: 'hall',
      faculty: 'F002',
      allow_clash: true,
    });
    expect(allowed.status).toBe(201);
    expect(
      await server.db
        .knex('exception_item')
        .where({ code: 'CLASH' })
        .whereRaw("detail->>'slot_id' = 'mon-warn'"),
    ).toHaveLength(1);
  });

  it('A10.30, cases 59, 66: batches of one section have labs at one time, but not while the section has a lecture', async () => {
    const lab = { day_of_week: 2, slot_type: 'LAB', period_count: 3, start_time: '14:00', end_time: '16:30' };
    expect((await slot('lab-b1', { ...lab, section: 'b1', faculty: 'F001', room: 'r101' })).status).toBe(201);
    expect((await slot('lab-b2', { ...lab, section: 'b2', faculty: 'F003', room: 'r102' })).status).toBe(201);
    const lecture = await slot('wed-lecture', {
      day_of_week: 2,
      section: 'cse-a',
      start_time: '15:00',
      end_time: '15:50',
    });
    expect(lecture.body).toMatchObject({ code: 'CLASH' });
    await generate('2026-09-09');
    const [made] = await on('2026-09-09', '&section=b1');
    expect(made).toMatchObject({ session_type: 'LAB', period_count: 3, groups: ['b1'] });
  });

  it('case 59: partial periods are counted in labs without a setting, in other classes only with one', async () => {
    const onThursday = { day_of_week: 3, section: 'empty' };
    for (const made of [
      await slot('thu-lab', {
        ...{ ...onThursday, slot_type: 'LAB', period_count: 3 },
        ...{ start_time: '14:00', end_time: '16:30' },
      }),
      await slot('thu-double', {
        ...{ ...onThursday, period_count: 2 },
        ...{ start_time: '16:30', end_time: '18:10' },
      }),
    ])
      expect(made.status).toBe(201);
    const countsParts = async (date: string): Promise<boolean[]> => {
      await generate(date);
      const ids = (await on(date, '&section=empty')).map(({ id }) => id);
      const policies = await server.db
        .knex('attendance_session')
        .whereIn('id', ids)
        .orderBy('start_at')
        .pluck('policy');
      return policies.map(({ partial_periods: isOn }) => isOn);
    };
    expect(await countsParts('2026-09-10')).toEqual([true, false]);
    const setting = { key: 'PARTIAL_PERIODS', data_type: 'boolean' };
    const { knex } = server.db;
    await knex('attendance_configuration').insert({ ...setting, value: 'true' });
    expect(await countsParts('2026-09-17')).toEqual([true, true]);
    await knex('attendance_configuration').delete();
    await knex('attendance_configuration').insert({
      ...setting,
      value: 'false',
      scope_kind: 'course_type',
      scope_id: 'lab',
    });
    expect(await countsParts('2026-09-24')).toEqual([false, false]);
    await knex('attendance_configuration').delete();
  });

  it('cases 63, 64: a combined class is one session of all its sections, a split one has several rooms', async () => {
    await slot('combined', {
      day_of_week: 5,
      section: 'cse-a',
      more_sections: ['cse-1'],
      room: 'hall',
      more_rooms: ['r101'],
      faculty: 'F003',
      start_time: '08:00',
      end_time: '08:50',
    });
    await generate('2026-09-26');
    const [one] = await on('2026-09-26', '&section=cse-1');
    expect(one).toMatchObject({ groups: ['cse-1', 'cse-a'], rooms: ['hall', 'r101'] });
    expect((await on('2026-09-26', '&section=cse-a'))[0].id).toBe(one.id);
  });

  it('names what does not exist, and is for the office', async () => {
    expect((await slot('bad', { course: 'NOPE' })).body.detail).toBe('course: there is no course NOPE');
    expect((await slot('mon-a')).status).toBe(409);
    expect(
      (await server.as('student', { student: rollNumber(0) }).post(`${API}/timetable-slots/`, {})).status,
    ).toBe(403);
  });
});

describe('timetable versions', () => {
  it('case 72: a new version replaces future classes, keeps what was changed by hand, and is previewed first', async () => {
    goTo('2026-10-10');
    await generate('2026-10-20', '2026-10-27');
    const [touched] = await on('2026-10-27', '&section=cse-a');
    await coordinator().post(`${API}/sessions/${touched.id}/room-change/`, { room: 'hall' });
    const [captured] = await on('2026-10-27', '&section=cse-a&course=CS302');
    const early = {
      session_id: captured.id,
      outcome: 'accepted',
      scanned_at: new Date(server.clock.wallMs()),
    };
    const student = await server.db.knex('student').first('id');
    await server.db.knex('qr_scan').insert({ ...early, student_id: student.id });
    const body = { academic_period: '2026-odd', name: 'v2', valid_from: '2026-10-14' };
    const preview = await coordinator().post(`${API}/timetable-versions/`, body);
    expect(preview.body.timetable_version).toBeNull();
    expect(await on('2026-10-20', '&status=cancelled')).toEqual([]);
    const applied = await coordinator().post(`${API}/timetable-versions/`, { ...body, apply: true });
    expect(applied.body).toMatchObject({
      replaced: preview.body.replaced,
      kept: expect.arrayContaining([touched.id, captured.id]),
      timetable_version: { name: 'v2', valid_from: '2026-10-14' },
    });
    expect((await on('2026-10-20', '&status=cancelled')).length).toBeGreaterThan(0);
    expect((await server.get(`${API}/sessions/${captured.id}/`)).body.status).toBe('scheduled');
    expect((await on('2026-10-13')).every(({ status }) => status === 'scheduled')).toBe(true);
    const again = await generate('2026-10-13', '2026-10-27');
    expect(again.created).toBeGreaterThan(0);
    const fresh = await on('2026-10-20', '&status=scheduled&course=CS302');
    expect(fresh).toHaveLength(1);
  });

  it('refuses a version that begins with or before another one, naming that one', async () => {
    for (const validFrom of ['2026-10-14', '2026-10-01']) {
      const refused = await coordinator().post(`${API}/timetable-versions/`, {
        academic_period: '2026-odd',
        name: 'v3',
        valid_from: validFrom,
      });
      expect(refused).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS' } });
      expect(refused.body.detail).toContain('"v2" begins on 2026-10-14');
    }
  });

  it('copies slots whose long ids differ at their end only', async () => {
    const [v2] = await server.db.knex('timetable_version').where({ name: 'v2' }).pluck('id');
    const long = 'x'.repeat(60);
    for (const [index, day] of [5, 6].entries()) {
      const made = await slot(`${long}-${index}`, {
        timetable_version_id: v2,
        day_of_week: day,
        start_time: '18:00',
        end_time: '18:50',
        more_rooms: ['r102'],
      });
      expect(made.status).toBe(201);
    }
    const applied = await coordinator().post(`${API}/timetable-versions/`, {
      academic_period: '2026-odd',
      name: 'v4',
      valid_from: '2026-11-02',
      apply: true,
    });
    expect(applied.status).toBe(200);
    const copies = await server.db
      .knex('timetable_slot_room')
      .where('slot_id', 'like', 'xxxx%')
      .whereNot('slot_id', 'like', `${long}%`);
    expect(copies).toHaveLength(2);
  });

  it('refuses a slot that names a room or a section twice', async () => {
    for (const change of [
      { more_rooms: ['hall', 'hall'] },
      { more_rooms: ['r201'] },
      { more_sections: ['cse-1'] },
      { more_sections: ['b1', 'b1'] },
    ]) {
      const refused = await slot('twice', { ...change, day_of_week: 6 });
      expect(refused, JSON.stringify(change)).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID' },
      });
    }
  });
});
