import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';

let server: TestServer;
/** S1, which has marks, and a class from 12:00 to 12:50 to which nobody comes. */
let attended: string;
let empty: string;
/** The account of the student who is made class representative. */
let account: string;
let grant: string;
const representative = () => server.as('student', { student: rollNumber(4) });
const confirm = (id: string, body: object = {}) =>
  representative().post(`${API}/sessions/${id}/confirm-not-held/`, body);
const appoint = (body: object) => server.post(`${API}/accounts/${account}/roles/`, body);
const advance = async (time: string): Promise<void> => {
  server.goTo(time);
  await advanceSessions(server.db.knex, server.clock.wallMs());
};

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A' });
  await server.tokenOf('student', { student: rollNumber(4) });
  ({ id: account } = await knex('account as a')
    .join('student as s', 's.id', 'a.student_id')
    .where({ roll_number: rollNumber(4) })
    .first('a.id'));
  attended = (await server.sessionOf('CS301')).id;
  empty = await plan('cse-a', '12:00');
  await advance('11:55');
  await advance('12:10');
});
afterAll(() => server?.stop());

describe('a class representative', () => {
  it('case 21: is a student, of one section, from an instant until another, by the admin', async () => {
    const role = { role: 'class_representative', section: 'cse-a', valid_to: at('15:00').toISOString() };
    const { section, ...without } = role;
    expect((await appoint(without)).body.code).toBe('REQUEST_INVALID');
    expect((await appoint({ ...role, section: 'nowhere' })).body.code).toBe('REQUEST_INVALID');
    const staff = await server.post(`${API}/accounts/`, { login: 'f001', name: 'Dr Rao', faculty: 'F001' });
    const refused = await server.post(`${API}/accounts/${staff.body.account.id}/roles/`, role);
    expect(refused.body.code).toBe('REQUEST_INVALID');
    expect((await confirm(empty)).status).toBe(403);
    expect((await representative().post(`${API}/accounts/${account}/roles/`, role)).status).toBe(403);
    const given = await appoint(role);
    expect(given.status).toBe(201);
    const held = given.body.roles.find((one: Body) => one.role === 'class_representative');
    expect(held).toMatchObject({ section, valid_to: role.valid_to });
    grant = held.id;
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'grant_role', entity_id: account })
      .first();
    expect(audited.after).toMatchObject({ role: 'class_representative', sectionId: 'cse-a' });
  });

  it('case 21: confirms nothing before the class is over and its readers have reported', async () => {
    const during = await confirm(empty);
    expect([during.status, during.body.code]).toEqual([409, 'SESSION_TOO_EARLY']);
    await advance('12:55');
    await server.judge();
    const unreported = await confirm(empty);
    expect(unreported.body.detail).toContain('readers of the room have not reported');
  });

  it('case 21: confirms nothing of a class that somebody was in, or that its faculty member opened', async () => {
    await server.db.knex('attendance_biometric_device').update({ complete_through: at('12:54') });
    const held = await confirm(attended);
    expect([held.status, held.body.code]).toEqual([403, 'HIGHER_DECIDER_NEEDED']);
    const untouched = { auto_opened: true, actual_end_at: null, qr_generated_at: null, headcount: null };
    for (const trace of [
      { auto_opened: false },
      { actual_end_at: at('12:30') },
      { qr_generated_at: at('12:05') },
      { headcount: 12 },
    ]) {
      await server.db.knex('attendance_session').where({ id: empty }).update(trace);
      expect([trace, (await confirm(empty)).body.code]).toEqual([trace, 'HIGHER_DECIDER_NEEDED']);
      await server.db.knex('attendance_session').where({ id: empty }).update(untouched);
    }
    // Evidence that nobody judged yet.
    await storePunches(server.db.knex, [
      { rollNumber: rollNumber(0), at: at('12:01'), deviceId: 'c102', roomId: 'r102' },
    ]);
    expect((await confirm(empty)).body.code).toBe('HIGHER_DECIDER_NEEDED');
    await server.judge();
    expect((await confirm(empty)).body.code).toBe('HIGHER_DECIDER_NEEDED');
    const refusals = await server.db.knex('attendance_audit_log').where({
      action: 'refused',
      reason: 'HIGHER_DECIDER_NEEDED',
    });
    expect(refusals).toHaveLength(7);
  });

  it('case 21: does nothing else with the class, and nothing with one of another section', async () => {
    for (const action of ['not-held', 'cancel', 'open', 'close', 'reopen']) {
      const answer = await representative().post(`${API}/sessions/${empty}/${action}/`, {
        reason: 'a free hour',
      });
      expect([action, answer.status]).toEqual([action, 403]);
    }
    const other = await makeClass('ece-a', '05:00');
    expect((await confirm(other)).status).toBe(404);
  });

  it('case 21: confirms in one tap that nobody came: no marks, and the faculty-side report shows it', async () => {
    const id = await makeClass('cse-a', '08:00');
    const seen = await representative().get(`${API}/sessions/${id}/`);
    const stale = await confirm(id, { version: seen.body.version + 1 });
    expect(stale.body.code).toBe('STALE');
    const answer = await confirm(id);
    expect(answer.body).toMatchObject({ status: 'not_held', status_reason: 'NOT_HELD_BY_REPRESENTATIVE' });
    await server.judge();
    const marks = await server.db.knex('attendance_record').where({ session_id: id }).pluck('mark');
    expect(new Set(marks)).toEqual(new Set(['not_required']));
    const report = await server.results(
      `${API}/workload/?start_date=2026-07-07&end_date=2026-07-07&faculty=F001`,
    );
    expect(report).toMatchObject([{ faculty: { code: 'F001' }, not_held: 1 }]);
    const [audited] = await server.db
      .knex('attendance_audit_log')
      .where({ session_id: id, action: 'not_held' });
    expect(audited).toMatchObject({
      performed_by: account,
      reason: 'The class representative confirms: nobody came',
      actor_role: 'student,class_representative',
    });
    expect((await confirm(id)).body.code).toBe('INVALID_TRANSITION');
  });

  it('case 21: is none any more when the time is over, or when the admin says so', async () => {
    const id = await makeClass('cse-a', '06:00');
    server.goTo('15:00');
    expect((await confirm(id)).status).toBe(403);
    server.goTo('14:00');
    expect((await server.post(`${API}/accounts/${account}/roles/${grant}/end/`)).status).toBe(200);
    expect((await confirm(id)).status).toBe(403);
  });
});

/** A class of an hour's fifty minutes in R102. */
async function plan(section: string, start: string): Promise<string> {
  const made = await server.post(`${API}/sessions/`, {
    course: 'CS301',
    sections: [section],
    faculty: 'F001',
    rooms: ['r102'],
    date: '2026-07-07',
    start_time: start,
    end_time: start.replace(':00', ':50'),
  });
  expect(made.status).toBe(201);
  return made.body.id;
}

/** One of this morning that nobody came to, closed by the scheduler. */
async function makeClass(section: string, start: string): Promise<string> {
  const id = await plan(section, start);
  await server.db.knex('attendance_session').where({ id }).update({ status: 'closed' });
  await server.judge();
  return id;
}
