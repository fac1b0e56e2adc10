import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollNumber } from '../seed/test-campus.js';
import { type Answer, API, type Body, TestServer } from './test-server.js';

/** The requests of the seed's own clients, as they send them: paths with and without the slash at the end. */
let server: TestServer;
let s1: string;
let s2: string;

const admin = () => server.as('admin');
const student = (index: number) => server.as('student', { student: rollNumber(index) });
const idOf = async (index: number): Promise<string> =>
  (
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(index) })
      .first('id')
  ).id;
const codes = ({ status, body }: Answer): [number, string] => [status, body.code];

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
  s2 = (await server.sessionOf('CS302')).id;
});
afterAll(() => server?.stop());

const SEED_CLASS = {
  academic_period: '2026-odd',
  course_section: 'cse-a',
  faculty: 'F001',
  scheduled_date: '2026-07-08',
  start_datetime: '2026-07-08T09:00:00+05:30',
  end_datetime: '2026-07-08T09:50:00+05:30',
  room: 'r102',
  makeup: true,
  notes: 'for Monday',
};

describe('class sessions', () => {
  it('are made from a timetable slot, which fills what is left out (A1.5)', async () => {
    const made = await admin().post(`${API}/sessions`, {
      timetable_slot: 'cse-a-tue-1000',
      scheduled_date: '2026-07-09',
      makeup: false,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      course: { code: 'CS301' },
      faculty: { code: 'F001' },
      groups: ['cse-a'],
      rooms: ['r101'],
      start_at: '2026-07-09T04:30:00.000Z',
      end_at: '2026-07-09T05:20:00.000Z',
      origin: 'ad_hoc',
    });
  });

  it('are made from two instants and a course section (A1.5)', async () => {
    const unclear = await admin().post(`${API}/sessions/`, SEED_CLASS);
    expect(codes(unclear)).toEqual([400, 'REQUEST_INVALID']);
    expect(unclear.body.detail).toContain('CS301, CS302');
    const made = await admin().post(`${API}/sessions/`, { ...SEED_CLASS, course: 'CS302' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ makeup: true, origin: 'makeup', start_at: '2026-07-08T03:30:00.000Z' });
    const read = await admin().get(`${API}/sessions/${made.body.id}`);
    expect(read.body.notes).toBe('for Monday');
  });

  it.each([
    ['another date', { scheduled_date: '2026-07-10' }],
    ['another period', { academic_period: '2025-odd' }],
    ['another room', { rooms: ['r101'] }],
    ['no makeup', { origin: 'extra' }],
    ['an end before the start', { end_datetime: '2026-07-08T08:00:00+05:30' }],
    ['a part of a minute', { start_datetime: '2026-07-08T09:00:01+05:30' }],
    ['times without a zone (A10.3)', { start_datetime: '2026-07-08T09:00:00' }],
    ['a slot that is none', { timetable_slot: "x' OR true --" }],
  ])('that say %s are refused', async (_what, change) => {
    const answer = await admin().post(`${API}/sessions/`, { ...SEED_CLASS, course: 'CS302', ...change });
    expect(codes(answer)).toEqual([400, 'REQUEST_INVALID']);
  });

  it.each([
    '',
    '/',
  ])('are listed for today and where they are open, with "%s" at the end (A5)', async (slash) => {
    expect((await server.results(`${API}/sessions/today${slash}`)).map(({ id }) => id)).toEqual([s1, s2]);
    expect((await server.results(`${API}/sessions/open_sessions${slash}`)).map(({ id }) => id)).toEqual([s1]);
    expect(await student(0).results(`${API}/sessions/today${slash}`)).toHaveLength(2);
  });

  it('are changed by PATCH and PUT with their version; times only while they are scheduled', async () => {
    const path = `${API}/sessions/${s2}/`;
    const seen = await admin().get(path);
    const match = { 'if-match': seen.headers.get('etag') ?? '' };
    const times = { start_datetime: '2026-07-07T11:00:00+05:30', end_datetime: '2026-07-07T11:50:00+05:30' };
    const edited = await admin().patch(path, { notes: 'bring the book', room: 'r102', ...times }, match);
    expect(edited.body).toMatchObject({ room: { id: 'r102' }, start_at: '2026-07-07T05:30:00.000Z' });
    expect(codes(await admin().patch(path, { notes: 'no' }, match))).toEqual([409, 'STALE']);
    const whole = { faculty: 'F001', course_section: 'cse-a', scheduled_date: '2026-07-07', makeup: false };
    expect((await admin().put(path, { ...whole, notes: 'again' })).status).toBe(200);
    expect((await admin().get(path)).body.notes).toBe('again');
    for (const wrong of [{ faculty: 'F999' }, { start_datetime: '2026-07-08T11:00:00+05:30' }]) {
      expect(codes(await admin().patch(path, wrong))).toEqual([400, 'REQUEST_INVALID']);
    }
    const open = await admin().patch(`${API}/sessions/${s1}/`, times);
    expect(codes(open)).toEqual([409, 'INVALID_TRANSITION']);
    const own = server.as('faculty', { faculty: 'F001' });
    expect(codes(await own.patch(path, times))).toEqual([403, 'FORBIDDEN']);
    expect(codes(await student(0).patch(path, { notes: 'x' }))).toEqual([403, 'FORBIDDEN']);
    const audit = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: s2, action: 'change_notes' });
    expect(audit.map(({ before, after }) => [before.notes, after.notes])).toEqual([
      ['', 'bring the book'],
      ['bring the book', 'again'],
    ]);
  });

  it('A10.5: generate-records judges everybody, makes nobody absent, and again changes nothing', async () => {
    const { knex } = server.db;
    const before = await knex('attendance_record').orderBy('id');
    for (const slash of ['', '/']) {
      const answer = await admin().post(`${API}/sessions/${s1}/generate-records${slash}`);
      expect(answer.body).toEqual({ session_id: s1, students: 5, records: 5 });
    }
    expect(await knex('attendance_record').orderBy('id')).toEqual(before);
    const early = await admin().post(`${API}/sessions/${s2}/generate-records/`);
    expect(early.body).toMatchObject({ students: 5, records: 0 });
  });

  it('are cancelled by DELETE while they are scheduled, and stay stored', async () => {
    const made = await admin().post(`${API}/sessions/`, {
      ...SEED_CLASS,
      course: 'CS302',
      scheduled_date: '2026-07-10',
      start_datetime: '2026-07-10T09:00:00Z',
      end_datetime: '2026-07-10T09:50:00Z',
    });
    const path = `${API}/sessions/${made.body.id}/`;
    expect(codes(await admin().del(path, { 'if-match': '"77"' }))).toEqual([409, 'STALE']);
    expect((await admin().del(path)).body).toMatchObject({ status: 'cancelled' });
    expect((await admin().get(path)).body.status_reason).toBe('CANCELLED_BY_HAND');
    expect(codes(await admin().del(`${API}/sessions/${s1}/`))).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('are generated, and opened, closed and given a code, under the seed’s paths', async () => {
    const range = { start_date: '2026-07-14', end_date: '2026-07-14' };
    expect((await admin().post(`${API}/sessions/generate`, range)).body.created).toBe(2);
    expect((await admin().post(`${API}/sessions/${s1}/generate-qr`)).status).toBeLessThan(300);
    expect(codes(await admin().post(`${API}/sessions/${s1}/lock`))).toEqual([409, 'INVALID_TRANSITION']);
  });
});

describe('records', () => {
  it('case 101: a scan carries the own id and a place', async () => {
    const { body: code } = await admin().get(`${API}/sessions/${s1}/qr/`);
    const answer = await student(0).post(`${API}/records/qr-scan`, {
      qr_token: code.qr_token,
      student_id: await idOf(0),
      device_id: 'device-0123',
      location_lat: 17.385,
      location_lng: 78.4867,
    });
    expect([answer.status, answer.body.mark]).toEqual([200, 'present']);
  });

  it('are made, read and marked in bulk', async () => {
    const made = await admin().post(`${API}/records/`, {
      session: s1,
      student: await idOf(3),
      mark: 'late',
      reason: 'bus was late',
    });
    expect(made.status).toBe(201);
    expect((await admin().get(`${API}/records/${made.body.id}`)).body).toEqual(made.body);
    const bulk = await admin().post(`${API}/records/bulk-mark`, {
      session_id: s1,
      attendance_data: [{ student_id: await idOf(4), mark: 'present', reason: 'seen' }],
      source: 'manual',
      device_id: 'tablet',
    });
    expect(bulk.body).toMatchObject({ applied: 1, refused: 0 });
  });
});

describe('everything else', () => {
  it('an export without a purpose', async () => {
    const wanted = { format: 'csv', start_date: '2026-07-01', end_date: '2026-07-31' };
    expect((await admin().post(`${API}/export/data`, wanted)).status).toBe(202);
  });

  it('timetable slots are read, changed and deleted with their version', async () => {
    const path = `${API}/timetable-slots/cse-a-tue-1050/`;
    const seen = await admin().get(path);
    const match = { 'if-match': seen.headers.get('etag') ?? '' };
    const moved = await admin().patch(path, { room: 'r102', more_rooms: ['r101'] }, match);
    expect(moved.body).toMatchObject({ room: 'r102', more_rooms: ['r101'], start_time: '10:50' });
    // Slots of the campus file take nothing until somebody writes them.
    await admin().patch(`${API}/timetable-slots/cse-a-tue-1000/`);
    const clash = await admin().patch(path, { start_time: '10:00', end_time: '10:50' });
    expect(codes(clash)).toEqual([409, 'CLASH']);
    expect(codes(await admin().patch(path, { room: 'nowhere' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(codes(await admin().del(path, match))).toEqual([409, 'STALE']);
    expect((await admin().del(path)).status).toBe(200);
    expect((await admin().get(path)).body.is_active).toBe(false);
    expect(codes(await admin().patch(path, { room: 'r101' }))).toEqual([404, 'NOT_FOUND']);
  });

  it('holidays are read, moved with the classes that they take, and deleted with their version', async () => {
    const statusOn = async (date: string): Promise<string[]> =>
      (await server.results(`${API}/sessions/?scheduled_date=${date}`)).map((one: Body) => one.status);
    const made = await admin().post(`${API}/holidays/`, { name: 'Bonalu', date: '2026-07-13' });
    const path = `${API}/holidays/${made.body.holiday.id}/`;
    const match = { 'if-match': (await admin().get(path)).headers.get('etag') ?? '' };
    const moved = await admin().patch(path, { date: '2026-07-14' }, match);
    expect(moved.body).toMatchObject({ holiday: { date: '2026-07-14', version: 2 } });
    expect(await statusOn('2026-07-14')).toEqual(['cancelled', 'cancelled']);
    expect(codes(await admin().patch(path, { name: 'x' }, match))).toEqual([409, 'STALE']);
    expect(codes(await admin().patch(path, { start_time: '10:00' }))).toEqual([400, 'REQUEST_INVALID']);
    await admin().patch(path, { date: '2026-07-13' });
    expect(await statusOn('2026-07-14')).toEqual(['scheduled', 'scheduled']);
    expect(codes(await admin().del(path, match))).toEqual([409, 'STALE']);
    expect((await admin().del(path)).status).toBe(200);
  });

  it('corrections are asked for and written anew while nobody has decided', async () => {
    const asked = await student(1).post(`${API}/correction-requests`, {
      session: s1,
      student: await idOf(1),
      from_mark: 'late',
      to_mark: 'present',
      reason: 'the reader was down',
    });
    expect(asked.status).toBe(201);
    const path = `${API}/correction-requests/${asked.body.id}/`;
    const match = { 'if-match': asked.headers.get('etag') ?? '"1"' };
    const edited = await student(1).patch(path, { reason: 'the reader at the door was down' }, match);
    expect(edited.body).toMatchObject({ reason: 'the reader at the door was down', to_mark: 'present' });
    expect(codes(await student(1).patch(path, { to_mark: 'excused' }, match))).toEqual([409, 'STALE']);
    expect(codes(await student(1).patch(path, { to_mark: 'late' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(codes(await student(2).patch(path, { reason: 'mine' }))).toEqual([404, 'NOT_FOUND']);
    expect((await admin().post(`${path}reject`, { decision_note: 'it was up' })).status).toBe(200);
    expect(codes(await student(1).patch(path, { reason: 'once more' }))).toEqual([409, 'INVALID_TRANSITION']);
  });
});
