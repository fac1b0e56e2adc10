import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, API, at, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { TEMPORARY_PASSWORD_MS } from './sign-in.js';

let server: TestServer;
const admin = () => server.as('admin');
const codeOf = ({ status, body }: Answer) => [status, body.code];
const NOBODY = '00000000-0000-4000-8000-00000000dead';

beforeAll(async () => {
  // What this replica did itself counts with its next request, however late PostgreSQL tells it of that.
  server = await TestServer.start({ isDeaf: true });
  await server.db.knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
});
afterAll(() => server.stop());

const make = async (login: string, more: object = {}): Promise<Body> => {
  const answer = await admin().post(`${API}/accounts/`, { login, name: login, ...more });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
  return answer.body;
};
const signIn = (login: string, password: string) =>
  server.call('POST', '/api/v1/auth/login/', {
    body: JSON.stringify({ login, password, cookies: false }),
    headers: { 'content-type': 'application/json', authorization: '' },
  });
const OWN_PASSWORD = 'my own long words 1';
/** First sign-in: the token that comes with the own password. */
const firstToken = async (login: string, password: string): Promise<string> => {
  const { access_token: token } = (await signIn(login, password)).body;
  const changed = await server.call('POST', '/api/v1/auth/change-password/', {
    body: JSON.stringify({ current_password: password, new_password: OWN_PASSWORD }),
    headers: { 'content-type': 'application/json', ...asToken(token).headers },
  });
  expect(changed.status).toBe(200);
  return changed.body.access_token;
};
const asToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('accounts', () => {
  it('case 158: are made with a password that is shown once and has to be changed', async () => {
    const { account, temporary_password: password } = await make('Dean@Example.org', {
      roles: [{ role: 'dean' }],
    });
    expect(account).toMatchObject({
      login: 'dean@example.org',
      is_active: true,
      must_change_password: true,
      roles: [{ role: 'dean', valid_to: null }],
    });
    const { body } = await signIn('dean@example.org', password);
    expect(body.account).toMatchObject({ must_change_password: true, roles: [{ role: 'dean' }] });
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: account.id }).orderBy('id');
    expect(audit.map(({ action }) => action).slice(0, 3)).toEqual([
      'create',
      'grant_role',
      'password_changed',
    ]);
    expect(JSON.stringify(audit)).not.toContain(password);
    expect(
      codeOf(await admin().post(`${API}/accounts/`, { login: 'DEAN@example.org', name: 'Twice' })),
    ).toEqual([409, 'ALREADY_EXISTS']);
  });

  it('case 158: with the password of the office nothing is done but choosing another one', async () => {
    const { temporary_password: password } = await make('newcomer', { roles: [{ role: 'auditor' }] });
    const { access_token: token, refresh_token: refreshToken } = (await signIn('newcomer', password)).body;
    const call = async (method: string, path: string, body?: object) =>
      codeOf(
        await server.call(method, path, {
          headers: { 'content-type': 'application/json', ...asToken(token).headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
    const NEEDED = [403, 'PASSWORD_CHANGE_NEEDED'];
    expect(await call('GET', `${API}/accounts/`)).toEqual(NEEDED);
    expect(await call('POST', `${API}/accounts/`, { login: 'back-door', name: 'B' })).toEqual(NEEDED);
    expect(await call('GET', `${API}/notifications/`)).toEqual(NEEDED);
    expect((await call('GET', '/api/v1/auth/me/'))[0]).toBe(200);
    const refreshed = await call('POST', '/api/v1/auth/refresh/', { refresh_token: refreshToken });
    expect(refreshed[0]).toBe(200);
    const own = await firstToken('newcomer', password);
    expect((await server.call('GET', `${API}/accounts/`, asToken(own))).status).toBe(200);
  });

  it('case 158: a password of the office is refused a week later, an own one is not', async () => {
    const { temporary_password: late } = await make('late');
    const { temporary_password: intime } = await make('in-time');
    await firstToken('in-time', intime);
    server.clock.stepWall(TEMPORARY_PASSWORD_MS - 1);
    expect((await signIn('late', late)).status).toBe(200);
    server.clock.stepWall(1);
    expect(codeOf(await signIn('late', late))).toEqual([401, 'LOGIN_REFUSED']);
    expect((await signIn('in-time', OWN_PASSWORD)).status).toBe(200);
    server.clock.stepWall(-TEMPORARY_PASSWORD_MS);
  });

  it('case 160: a role whose end passed at noon is gone with the next request', async () => {
    const { account, temporary_password: password } = await make('visiting', {
      roles: [{ role: 'auditor', valid_to: at('12:00').toISOString() }],
    });
    const token = await firstToken('visiting', password);
    const look = () => server.call('GET', `${API}/accounts/`, asToken(token));
    server.goTo('10:15');
    expect((await look()).status).toBe(200);
    // Ended earlier than was said when it was given.
    const [role] = account.roles;
    const end = (body: object) => admin().post(`${API}/accounts/${account.id}/roles/${role.id}/end/`, body);
    expect((await end({ valid_to: at('10:20').toISOString() })).body.roles).toMatchObject([
      { valid_to: at('10:20').toISOString() },
    ]);
    server.goTo('10:20');
    expect(codeOf(await look())).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await end({}))).toEqual([400, 'REQUEST_INVALID']);
    server.goTo('10:10');
  });

  it('case 160: a role that is given counts with the next request, and a reset password ends the sign-in with the answer', async () => {
    const { account, temporary_password: password } = await make('promoted');
    const token = await firstToken('promoted', password);
    const look = () => server.call('GET', `${API}/accounts/`, asToken(token));
    expect(codeOf(await look())).toEqual([403, 'FORBIDDEN']);
    const address = `${API}/accounts/${account.id}/`;
    expect((await admin().post(`${address}roles/`, { role: 'auditor' })).status).toBe(201);
    expect((await look()).status).toBe(200);
    expect((await admin().post(`${address}password/`)).status).toBe(200);
    expect((await look()).status).toBe(401);
  });

  it('both who have a stolen sign-in are out with the answer that finds it', async () => {
    const { temporary_password: password } = await make('robbed');
    await firstToken('robbed', password);
    const { refresh_token: first } = (await signIn('robbed', OWN_PASSWORD)).body;
    const refresh = async (refresh_token: string) =>
      (
        await server.call('POST', '/api/v1/auth/refresh/', {
          body: JSON.stringify({ refresh_token }),
          headers: { 'content-type': 'application/json', authorization: '' },
        })
      ).body;
    const { access_token: token } = await refresh(first);
    const me = () => server.call('GET', '/api/v1/auth/me/', asToken(token));
    expect((await me()).status).toBe(200);
    server.clock.stepWall(11_000);
    expect((await refresh(first)).code).toBe('TOKEN_INVALID');
    expect((await me()).status).toBe(401);
    server.clock.stepWall(-11_000);
  });

  it('disabled, an account is signed out at once; a reset password ends what the old one began', async () => {
    const { account, temporary_password: password } = await make('leaver', {
      roles: [{ role: 'exam_branch' }],
    });
    const address = `${API}/accounts/${account.id}/`;
    const token = await firstToken('leaver', password);
    const look = () => server.call('GET', `${API}/students/`, asToken(token));
    expect((await look()).status).toBe(200);
    const { version } = (await admin().get(address)).body;
    expect(codeOf(await admin().patch(address, { is_active: false, version: version + 1 }))).toEqual([
      409,
      'STALE',
    ]);
    expect((await admin().patch(address, { is_active: false, version })).body.is_active).toBe(false);
    expect((await look()).status).toBe(401);
    expect((await signIn('leaver', OWN_PASSWORD)).status).toBe(401);
    await admin().patch(address, { is_active: true });
    const { temporary_password: next } = (await admin().post(`${address}password/`)).body;
    expect([(await signIn('leaver', OWN_PASSWORD)).status, (await signIn('leaver', next)).status]).toEqual([
      401, 200,
    ]);
  });

  it('somebody who can give rights is always left', async () => {
    const { knex } = server.db;
    const me = (await admin().results(`${API}/accounts/?role=admin`))[0];
    expect(codeOf(await admin().patch(`${API}/accounts/${me.id}/`, { is_active: false }))).toEqual([
      409,
      'LAST_ADMIN',
    ]);
    const end = () => admin().post(`${API}/accounts/${me.id}/roles/${me.roles[0].id}/end/`);
    expect(codeOf(await end())).toEqual([409, 'LAST_ADMIN']);
    const { account } = await make('second', { roles: [{ role: 'admin' }] });
    await knex('account').where({ id: account.id }).update({ is_active: false });
    expect(codeOf(await end())).toEqual([409, 'LAST_ADMIN']);
    expect((await admin().get(`${API}/accounts/${me.id}/`)).body.roles).toEqual(me.roles);
  });

  it('a role that would reach nothing is refused, and so are strangers', async () => {
    const { account } = await make('plain');
    const [student] = await server.db
      .knex('student')
      .where({ roll_number: rollNumber(0) })
      .pluck('id');
    const give = (body: object) => admin().post(`${API}/accounts/${account.id}/roles/`, body);
    for (const wrong of [
      { role: 'hod' },
      { role: 'hod', department: 'nowhere' },
      { role: 'mentor' },
      { role: 'mentor', section: 'nowhere' },
      { role: 'dean', department: 'cse' },
      { role: 'student' },
      { role: 'faculty' },
      { role: 'guardian' },
      { role: 'root' },
      { role: 'gateway' },
      { role: 'dean', valid_from: '2026-08-01T00:00:00Z', valid_to: '2026-08-01T00:00:00Z' },
      { role: 'dean', valid_to: 'noon' },
      { role: "dean'; --" },
    ]) {
      expect(codeOf(await give(wrong)), JSON.stringify(wrong)).toEqual([400, 'REQUEST_INVALID']);
    }
    expect((await give({ role: 'hod', department: 'cse' })).status).toBe(201);
    expect((await make('own', { student, roles: [{ role: 'student' }] })).account.student).toBe(student);
    for (const wrong of [
      { student },
      { student: NOBODY },
      { faculty: 'F999' },
      { guardian: NOBODY },
      { login: 'two words' },
      { login: '' },
      { password: 'chosen by the office' },
      { roles: Array.from({ length: 17 }, () => ({ role: 'dean' })) },
      { is_active: 'yes' },
    ]) {
      const { status } = await admin().post(`${API}/accounts/`, { login: 'x', name: 'X', ...wrong });
      expect([400, 409], JSON.stringify(wrong)).toContain(status);
    }
    expect(codeOf(await admin().get(`${API}/accounts/${NOBODY}/`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await admin().post(`${API}/accounts/${NOBODY}/password/`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await admin().post(`${API}/accounts/${account.id}/roles/${NOBODY}/end/`))).toEqual([
      404,
      'NOT_FOUND',
    ]);
  });

  it('case 157: nobody but an administrator gives rights, not even to themselves', async () => {
    const [target] = await admin().results(`${API}/accounts/?q=plain`);
    for (const role of [
      'coordinator',
      'principal',
      'hod',
      'auditor',
      'security_officer',
      'student',
    ] as const) {
      const caller = server.as(role);
      expect(codeOf(await caller.post(`${API}/accounts/`, { login: 'mine', name: 'Mine' }))).toEqual([
        403,
        'FORBIDDEN',
      ]);
      const grant = await caller.post(`${API}/accounts/${target.id}/roles/`, { role: 'admin' });
      expect(codeOf(grant)).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await caller.post(`${API}/accounts/${target.id}/password/`))).toEqual([403, 'FORBIDDEN']);
    }
  });
});
