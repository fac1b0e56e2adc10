import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { queueSessions } from '../marks/queue.js';
import { rollNumber } from '../seed/test-campus.js';
import { QR_CHANNEL } from './qr-secrets.js';

let server: TestServer;
let s1: string;
let s2: string;
const faculty = () => server.as('faculty', { faculty: 'F001' });
const student = (index: number) => server.as('student', { student: rollNumber(index) });
const SCAN = `${API}/records/qr-scan/`;
const qr = (id: string) => `${API}/sessions/${id}/qr/`;
const fresh = async (id = s1): Promise<Body> =>
  (await faculty().post(`${API}/sessions/${id}/generate-qr/`)).body;
const screen = async (id = s1): Promise<Body> => (await faculty().get(qr(id))).body;
const phone = (name: string | number) => ({ device_id: `phone-of-${name}` });
const set = (key: string, value: string) =>
  server.db
    .knex('attendance_configuration')
    .insert({ key, value, data_type: 'string', effective_from: '-infinity' });
const unset = (key: string) => server.db.knex('attendance_configuration').where({ key }).delete();
/** Secrets and settings are kept for moments: the clock that they are kept by is not the campus's. */
const settle = () => server.notify(QR_CHANNEL, '');

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
  s2 = (await server.sessionOf('CS302')).id;
  // The taps of the reference campus would be "already recorded".
  await server.db.knex('room').where({ id: 'r101' }).update({ latitude: 17.385, longitude: 78.4867 });
});
afterAll(() => server.stop());

const inRoom = { location_lat: 17.385, location_lng: 78.4867, location_accuracy_m: 10 };

describe('a scan', () => {
  it('cases 99, 111, 158: records the student of the sign-in; again it says what it said', async () => {
    await fresh();
    const { qr_token: token } = await screen();
    const first = await student(3).post(SCAN, { qr_token: token, ...phone(3) });
    const recorded_at = new Date(server.clock.wallMs()).toISOString();
    expect(first.body).toMatchObject({
      mark: 'late',
      already_recorded: false,
      recorded_at,
      is_verified: false,
    });
    expect(first.body.session).toMatchObject({ id: s1, course: { code: 'CS301' }, room: { id: 'r101' } });
    server.clock.stepWall(1_000);
    for (const path of [SCAN, `${API}/records/qr-checkin/`]) {
      const again = await student(3).post(path, { qr_token: token, ...phone(3) });
      expect([again.status, again.body]).toEqual([
        200,
        { ...first.body, already_recorded: true, is_verified: true },
      ]);
    }
    const scans = await server.db.knex('qr_scan').where({ session_id: s1 });
    expect(scans).toHaveLength(1);
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record', session_id: s1, student_id: scans[0].student_id })
      .orderBy('id', 'desc')
      .first();
    // Case 158: whoever scanned, although many scans are written together.
    expect(audited).toMatchObject({
      actor_role: 'student',
      ip_address: expect.stringContaining('127.0.0.1'),
    });
    expect(audited.performed_by).not.toBeNull();
    expect(audited.request_id).not.toBeNull();
    expect((await screen()).unverified_count).toBe(1);
  });

  it('with a location in the room is verified, and the location is kept as a word only', async () => {
    const { qr_token: token } = await screen();
    const answer = await student(4).post(SCAN, { qr_token: token, ...phone(4), ...inRoom });
    expect(answer.body.is_verified).toBe(true);
    const row = await server.db.knex('qr_scan').where({ place: 'inside' }).first();
    expect(JSON.stringify(row)).not.toContain('17.38');
    expect(row.device_hash).toHaveLength(32);
  });

  it('A10.7, case 101: another student’s id in the body is refused, and never used; the own one is fine', async () => {
    const { qr_token: token } = await screen();
    const { knex } = server.db;
    const idOf = async (index: number): Promise<string> =>
      (
        await knex('student')
          .where({ roll_number: rollNumber(index) })
          .first('id')
      ).id;
    for (const foreign of [rollNumber(1), await idOf(1), 'NOBODY', "' OR true --"]) {
      const answer = await student(2).post(SCAN, { qr_token: token, student_id: foreign, ...phone(2) });
      expect([answer.status, answer.body.code]).toEqual([400, 'STUDENT_MISMATCH']);
    }
    for (const own of [rollNumber(0), rollNumber(0).toLowerCase(), (await idOf(0)).toUpperCase()]) {
      const answer = await student(0).post(SCAN, { qr_token: token, student_id: own, ...phone(0) });
      expect([answer.status, answer.body.mark]).toEqual([200, 'present']);
    }
    expect(await knex('qr_scan').where({ student_id: await idOf(1) })).toEqual([]);
  });

  it('A10.10: a scan after the grace never turns an on-time present into late', async () => {
    const { qr_token: token } = await screen();
    const answer = await student(0).post(SCAN, { qr_token: token, ...phone(0) });
    expect(answer.body).toMatchObject({
      mark: 'present',
      already_recorded: true,
      recorded_at: null,
      marked_at: at('10:01').toISOString(),
    });
  });

  it('cases 98, 99: a picture of the code sent to a friend is refused after its time, by the clock of central', async () => {
    const { qr_token: token, step_ends_at: end } = await screen();
    server.clock.stepWall(Date.parse(end) - server.clock.wallMs() + 5_000);
    const good = await student(2).post(SCAN, { qr_token: token, ...phone(2) });
    expect(good.body.code).not.toBe('QR_EXPIRED');
    server.clock.stepWall(1);
    const late = await student(2).post(SCAN, { qr_token: token, ...phone(2) });
    expect([late.status, late.body.code, late.body.detail]).toEqual([
      409,
      'QR_EXPIRED',
      'Scan the new code on the screen',
    ]);
  });

  it('A10.9, case 109: a new secret makes the code of a moment ago useless', async () => {
    const { qr_token: old } = await screen();
    await fresh();
    expect((await student(1).post(SCAN, { qr_token: old, ...phone(1) })).body.code).toBe('QR_EXPIRED');
  });

  it('case 110: the six characters do the same, five tries a minute', async () => {
    const { fallback_code: code } = await screen();
    const typed = await student(1).post(SCAN, { code: code.toLowerCase(), ...phone(1) });
    expect(typed.body).toMatchObject({ already_recorded: true, mark: 'late' });
    const codes: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      codes.push((await student(1).post(SCAN, { code: 'AAAAAA', ...phone(1) })).body.code);
    }
    expect(codes).toEqual([...Array(4).fill('QR_EXPIRED'), 'TOO_MANY_TRIES']);
  });

  it('needs one of the two codes, and a phone', async () => {
    const { qr_token, fallback_code: code } = await screen();
    expect((await student(2).post(SCAN, { ...phone(2) })).status).toBe(400);
    expect((await student(2).post(SCAN, { qr_token, code, ...phone(2) })).status).toBe(400);
    expect((await student(2).post(SCAN, { qr_token })).status).toBe(400);
  });

  it('A10.23, case 120: is for students with their own sign-in, and shows its secret to nobody else', async () => {
    const { qr_token: token } = await screen();
    expect((await faculty().post(SCAN, { qr_token: token, ...phone('f') })).status).toBe(403);
    expect((await student(2).get(qr(s1))).status).toBe(403);
    expect(
      (
        await server
          .as('faculty', { faculty: 'F009' })
          .get(qr(s1))
          .catch(() => ({ status: 404 }))
      ).status,
    ).toBe(404);
    const sessions = JSON.stringify(await server.results(`${API}/sessions/`));
    expect(sessions).not.toContain(token);
  });
});

describe('a class that is not open', () => {
  it('A10.8, cases 102, 103: refuses with its own code; too early says when, and a later scan works', async () => {
    await fresh(s2);
    await settle();
    const { qr_token: early } = await screen(s2);
    const answer = await student(0).post(SCAN, { qr_token: early, ...phone(0) });
    expect([answer.body.code, answer.body.detail]).toEqual([
      'QR_TOO_EARLY',
      'Too early: this class opens at 10:40. Scan again then',
    ]);
    server.goTo('10:49');
    await server.post(`${API}/sessions/${s2}/open/`);
    const open = await student(0).post(SCAN, { qr_token: (await screen(s2)).qr_token, ...phone(0) });
    expect(open.body).toMatchObject({ mark: 'present', already_recorded: false });
  });

  it('case 102: strangers to the roster, cancelled, closed and locked classes are told apart', async () => {
    const { knex } = server.db;
    await knex('student').insert({ roll_number: 'STRANGER', full_name: 'A stranger' });
    const token = async () => (await screen(s2)).qr_token;
    const stranger = server.as('student', { student: 'STRANGER' });
    expect((await stranger.post(SCAN, { qr_token: await token(), ...phone('s') })).body.code).toBe(
      'NOT_ON_ROSTER',
    );
    for (const [status, code] of [
      ['closed', 'SESSION_NOT_OPEN'],
      ['cancelled', 'SESSION_CANCELLED'],
      ['locked', 'SESSION_LOCKED'],
      ['not_held', 'SESSION_NOT_OPEN'],
    ]) {
      await knex('attendance_session').where({ id: s2 }).update({ status });
      const answer = await student(2).post(SCAN, { qr_token: await token(), ...phone(2) });
      expect([status, answer.body.code]).toEqual([status, code]);
    }
    await knex('attendance_session').where({ id: s2 }).update({ status: 'open' });
  });
});

describe('one phone, one person', () => {
  it('case 104: the second account of one phone is refused, both are listed, and faculty may allow sharing', async () => {
    const { qr_token: token } = await screen(s2);
    const refused = await student(1).post(SCAN, { qr_token: token, ...phone(0) });
    expect([refused.status, refused.body.code]).toEqual([409, 'DEVICE_ALREADY_USED']);
    const [item] = await server.db
      .knex('exception_item')
      .where({ code: 'DEVICE_ALREADY_USED', session_id: s2 });
    expect(item.detail.others).toEqual([{ roll_number: rollNumber(0), name: 'Student 0' }]);
    const shared = `${API}/sessions/${s2}/shared-phones/`;
    const wish = { student: rollNumber(1), reason: 'one phone in the family' };
    expect((await faculty().post(shared, { student: rollNumber(1) })).body.code).toBe('REQUEST_INVALID');
    expect((await faculty().post(shared, { ...wish, student: 'NOBODY' })).body.code).toBe('NOT_ON_ROSTER');
    expect((await student(1).post(shared, wish)).status).toBe(403);
    expect((await faculty().post(shared, wish)).status).toBe(200);
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'allow_shared_phone', session_id: s2 })
      .first();
    expect(audited).toMatchObject({ reason: wish.reason, actor_role: 'faculty' });
    expect((await student(1).post(SCAN, { qr_token: token, ...phone(0) })).status).toBe(200);
  });

  it('case 104: two accounts with one phone at the same moment: one is recorded, the other refused', async () => {
    const { knex } = server.db;
    await knex('student').insert([
      { roll_number: 'TWIN-A', full_name: 'Twin A' },
      { roll_number: 'TWIN-B', full_name: 'Twin B' },
    ]);
    for (const roll of ['TWIN-A', 'TWIN-B']) {
      const { id } = await knex('student').where({ roll_number: roll }).first('id');
      await knex('roster_membership').insert({
        section_id: 'cse-a',
        student_id: id,
        valid_during: '[2026-07-01,)',
      });
    }
    const { qr_token: token } = await screen(s2);
    const answers = await Promise.all(
      ['TWIN-A', 'TWIN-B'].map((roll) =>
        server.as('student', { student: roll }).post(SCAN, { qr_token: token, ...phone('twins') }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const twins = await knex('exception_item as e')
      .join('student as s', 's.id', 'e.student_id')
      .where({ code: 'DEVICE_ALREADY_USED', session_id: s2 })
      .where('roll_number', 'like', 'TWIN-%')
      .select('roll_number', 'detail');
    expect(twins).toHaveLength(1);
    expect([twins[0].roll_number, twins[0].detail.others[0].roll_number].sort()).toEqual([
      'TWIN-A',
      'TWIN-B',
    ]);
    const rows = await knex('qr_scan').where({ session_id: s2 }).whereNot({ outcome: 'refused' });
    expect(new Set(rows.map(({ student_id: id }) => id)).size).toBe(rows.length);
  });
});

describe('places', () => {
  it('cases 106, 107: where the place is asked for, none, old, rough, far and made-up ones are told apart', async () => {
    await set('GPS_VERIFICATION', 'true');
    await settle();
    const { knex } = server.db;
    await knex('student').insert({ roll_number: 'WALKER', full_name: 'A walker' });
    const { id } = await knex('student').where({ roll_number: 'WALKER' }).first('id');
    await knex('roster_membership').insert({
      section_id: 'cse-a',
      student_id: id,
      valid_during: '[2026-07-01,)',
    });
    const walker = server.as('student', { student: 'WALKER' });
    const { qr_token: token } = await screen(s2);
    const answer = async (place: object) =>
      (await walker.post(SCAN, { qr_token: token, ...phone('walker'), ...place })).body;
    const scan = async (place: object) => (await answer(place)).code ?? 'recorded';
    const seen = (afterMs: number) => ({
      ...inRoom,
      location_at: new Date(server.clock.wallMs() + afterMs).toISOString(),
    });
    expect(await scan({})).toBe('LOCATION_REQUIRED');
    expect(await scan(seen(-61_000))).toBe('LOCATION_STALE');
    expect(await scan(seen(3_600_000)), 'dated ahead, it would be fresh for an hour').toBe('LOCATION_STALE');
    for (const nowhere of [{}, seen(-61_000), { ...inRoom, location_accuracy_m: 101 }]) {
      // The alternatives that do not ask where the student is.
      expect((await answer(nowhere)).detail).toMatch(/tap your card at the reader, or ask your teacher/);
    }
    expect(await scan({ ...inRoom, location_accuracy_m: 101 })).toBe('LOCATION_INACCURATE');
    expect(await scan({ ...inRoom, location_lat: 17.39 })).toBe('OUTSIDE_GEOFENCE');
    expect(await scan({ ...inRoom, is_mock_location: true })).toBe('LOCATION_MOCKED');
    const items = await knex('exception_item')
      .where({ student_id: id })
      .select('code', 'session_id', 'detail');
    expect(items).toEqual([
      { code: 'LOCATION_MOCKED', session_id: s2, detail: { place: 'mock', others: [] } },
    ]);
    await queueSessions(knex, [s2]);
    await server.judge();
    const [mark] = (await faculty().get(`${API}/records/?session=${s2}&student=WALKER`)).body.results;
    expect([mark.mark, mark.reason], 'never absent at once').toEqual(['pending', 'NO_CAPTURE_YET']);
    expect(await scan(inRoom)).toBe('recorded');
    const refused = await knex('qr_scan').where({ student_id: id, outcome: 'refused' }).pluck('place');
    expect([...new Set(refused)].sort()).toEqual(['far', 'inaccurate', 'mock', 'none', 'stale']);
    await unset('GPS_VERIFICATION');
  });

  it('A10.13: switching codes off refuses every scan and every new code', async () => {
    await set('ALLOW_QR_SELF_MARK', 'false');
    await settle();
    const { qr_token: token } = await screen(s2);
    expect((await student(2).post(SCAN, { qr_token: token, ...phone(2) })).body.code).toBe('QR_DISABLED');
    expect((await faculty().post(`${API}/sessions/${s2}/generate-qr/`)).body.code).toBe('QR_DISABLED');
    await unset('ALLOW_QR_SELF_MARK');
  });
});
