import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AUTH } from '../http/contracts/auth.js';
import { type Answer, API, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { ACCOUNT_CHANNEL } from './accounts.js';
import { hashPassword } from './password.js';
import { createTokens } from './tokens.js';

const PASSWORD = 'a long and quiet evening';
const MINUTE_MS = 60_000;

let server: TestServer;
let accountId: string;
let attempt = 0;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

/** A login of its own for each test: the throttle counts by login. */
let login = '';
beforeEach(async () => {
  attempt += 1;
  login = `f-${attempt}`;
  const [account] = await server.db
    .knex('account')
    .insert({ login, display_name: 'Dr Rao', password_hash: await hashPassword(PASSWORD) })
    .returning('id');
  accountId = account.id;
  await server.db
    .knex('account_role')
    .insert({ account_id: accountId, role: 'admin', valid_from: new Date(0) });
});

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  server.post(`${AUTH}/${path}/`, body, { authorization: 'none', ...headers });
const scriptLogin = async () => (await post('login', { login, password: PASSWORD, cookies: false })).body;
const asBearer = (token: string) => ({ authorization: `Bearer ${token}` });
const me = (headers: Record<string, string>) => server.call('GET', `${AUTH}/me/`, { headers });

interface PageSignIn {
  cookie: string;
  csrf: string;
  setCookies: string[];
}

async function pageLogin(): Promise<PageSignIn> {
  const { headers, body } = await post('login', { login, password: PASSWORD });
  const setCookies = headers.getSetCookie();
  const cookie = setCookies.map((text) => text.split(';')[0]).join('; ');
  return { cookie, csrf: body.csrf_token, setCookies };
}

describe('signing in', () => {
  it('gives a script tokens in the answer and no cookies, and tells who it is', async () => {
    const answer = await post('login', { login: login.toUpperCase(), password: PASSWORD, cookies: false });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const { account } = (await me(asBearer(answer.body.access_token))).body;
    expect(account).toMatchObject({ login, display_name: 'Dr Rao', roles: [{ role: 'admin' }] });
    expect(account.permissions).toContain('accounts.write');
  });

  it('gives a page cookies that scripts cannot read and other sites cannot send', async () => {
    const { setCookies } = await pageLogin();
    const access = setCookies.find((text) => text.startsWith('rollcall_access='));
    const refresh = setCookies.find((text) => text.startsWith('rollcall_refresh='));
    for (const cookie of [access, refresh]) expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect(refresh).toContain('Path=/api/v1/auth;');
  });

  it.each([
    ['a wrong password', { password: 'a long and quiet morning' }],
    ['an unknown login', { login: 'nobody', password: PASSWORD }],
  ])('refuses %s in the same words', async (_what, change) => {
    const answer = await post('login', { ...{ login, password: PASSWORD }, ...change });
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'LOGIN_REFUSED', detail: 'This login and password do not belong together' },
    });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it('refuses an account that was disabled, at once also with a token that it still has', async () => {
    const { access_token: token } = await scriptLogin();
    expect((await me(asBearer(token))).status).toBe(200);
    await server.db.knex('account').where({ id: accountId }).update({ is_active: false });
    await server.notify(ACCOUNT_CHANNEL, accountId);
    expect((await me(asBearer(token))).body.code).toBe('TOKEN_INVALID');
    expect((await post('login', { login, password: PASSWORD })).body.code).toBe('LOGIN_REFUSED');
  });

  it('stops a list of passwords after five attempts, and says how long to wait', async () => {
    const codes: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      codes.push((await post('login', { login, password: `wrong number ${index}` })).body.code);
    }
    expect(codes).toEqual([...Array(5).fill('LOGIN_REFUSED'), 'LOGIN_THROTTLED']);
    const answer = await post('login', { login, password: PASSWORD });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true]);
  });

  it('leaves an audit row for success and refusal, without the password', async () => {
    await post('login', { login, password: 'not the right password' });
    await scriptLogin();
    const rows = await server.db.knex('attendance_audit_log').where({ entity_id: accountId }).orderBy('id');
    expect(rows.map(({ action }) => action)).toEqual(['login_refused', 'login']);
    expect(JSON.stringify(rows)).not.toContain('not the right');
    expect(rows[1].ip_address).toBe('127.0.0.1');
  });
});

describe('an access token', () => {
  const issuer = () => createTokens([{ id: 'test', bytes: Buffer.alloc(32, 9) }], server.clock);
  const parts = (header: object, payload: object): string =>
    [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

  it('lives fifteen minutes by the clock of central', async () => {
    const { access_token: token } = await scriptLogin();
    server.clock.stepWall(15 * MINUTE_MS - 1_000);
    expect((await me(asBearer(token))).status).toBe(200);
    server.clock.stepWall(1_000);
    expect((await me(asBearer(token))).body.code).toBe('TOKEN_EXPIRED');
    server.goTo('10:10');
  });

  it('is refused when forged: no algorithm, another one, another key, another audience, cut, or too long', async () => {
    const { access_token: token } = await scriptLogin();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const others = createTokens([{ id: 'test', bytes: Buffer.alloc(32, 8) }], server.clock);
    const foreign = createTokens([{ id: 'other', bytes: Buffer.alloc(32, 9) }], server.clock);
    const same = { accountId, loginSessionId: claims.sid, generation: 0 };
    const forged = [
      `${parts({ alg: 'none', typ: 'JWT' }, claims)}.`,
      `${parts({ alg: 'HS512', typ: 'JWT', kid: 'test' }, claims)}.${signature}`,
      (await others.issue(same)).token,
      (await foreign.issue(same)).token,
      `${header}.${Buffer.from(JSON.stringify({ ...claims, aud: 'else' })).toString('base64url')}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.${'A'.repeat(4_000)}`,
      'nonsense',
    ];
    for (const bad of forged) {
      const { status, body } = await me(asBearer(bad));
      expect([status, body.code], bad.slice(0, 60)).toEqual([401, 'TOKEN_INVALID']);
      expect(JSON.stringify(body)).not.toContain(bad);
    }
  });

  it('of an older generation of the account is dead', async () => {
    const { access_token: token } = await scriptLogin();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const older = await issuer().issue({ accountId, loginSessionId: claims.sid, generation: -1 });
    expect((await me(asBearer(older.token))).body.code).toBe('TOKEN_INVALID');
  });

  it('is asked for wherever a route is not public', async () => {
    const answer = await server.call('GET', `${API}/sessions/`, {
      headers: { authorization: 'Basic Zm9vOmJhcg==' },
    });
    expect([answer.status, answer.body.code]).toEqual([401, 'TOKEN_MISSING']);
  });
});

describe('the refresh token', () => {
  it('rotates: the new one works, the old one ends the sign-in of whoever has either', async () => {
    const first = await scriptLogin();
    const second = (await post('refresh', { refresh_token: first.refresh_token })).body;
    expect((await me(asBearer(second.access_token))).status).toBe(200);
    server.clock.stepWall(11_000);
    expect((await post('refresh', { refresh_token: first.refresh_token })).body.code).toBe('TOKEN_INVALID');
    expect((await post('refresh', { refresh_token: second.refresh_token })).body.code).toBe('TOKEN_INVALID');
    expect((await me(asBearer(second.access_token))).body.code).toBe('TOKEN_INVALID');
    const actions = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: accountId })
      .pluck('action');
    expect(actions).toContain('refresh_token_replayed');
    server.goTo('10:10');
  });

  it('used by two tabs at once ends nothing', async () => {
    const { refresh_token: token } = await scriptLogin();
    const answers = await Promise.all([1, 2].map(() => post('refresh', { refresh_token: token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect(answers.find(({ status }) => status === 401)?.body.code).toBe('TOKEN_SPENT');
    const renewed = answers.find(({ status }) => status === 200)?.body;
    expect((await post('refresh', { refresh_token: renewed.refresh_token })).status).toBe(200);
  });

  it('that is not used for a day, or was made up, is none', async () => {
    const { refresh_token: token } = await scriptLogin();
    server.clock.stepWall(24 * 60 * MINUTE_MS);
    expect((await post('refresh', { refresh_token: token })).body.code).toBe('TOKEN_INVALID');
    expect((await post('refresh', { refresh_token: 'made-up' })).body.code).toBe('TOKEN_INVALID');
    expect((await post('refresh', {})).body.code).toBe('TOKEN_MISSING');
    server.goTo('10:10');
  });

  it('is stored only as a hash', async () => {
    const { refresh_token: token } = await scriptLogin();
    const rows = await server.db
      .knex('login_session')
      .select(server.db.knex.raw('to_jsonb(login_session) AS row'));
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

describe('a page', () => {
  it('makes changes only with the CSRF token of its own sign-in', async () => {
    const page = await pageLogin();
    const other = await pageLogin();
    const leave = (headers: Record<string, string>) =>
      server.send('POST', `${AUTH}/logout/`, {}, { authorization: '', cookie: page.cookie, ...headers });
    expect((await leave({})).body.code).toBe('CSRF_MISSING');
    expect((await leave({ 'x-csrf-token': other.csrf })).body.code).toBe('CSRF_MISSING');
    expect((await me({ authorization: '', cookie: page.cookie })).status).toBe(200);
    expect((await leave({ 'x-csrf-token': page.csrf })).status).toBe(200);
    expect((await me({ authorization: '', cookie: page.cookie })).body.code).toBe('TOKEN_INVALID');
    expect((await me({ authorization: '', cookie: other.cookie })).status).toBe(200);
  });
});

describe('a password', () => {
  it('is changed with the present one, ends every other sign-in, and goes on with a fresh one', async () => {
    const elsewhere = await scriptLogin();
    const here = await scriptLogin();
    const change = (current: string, next: string) =>
      post('change-password', { current_password: current, new_password: next }, asBearer(here.access_token));
    expect((await change('something else entirely', 'a much better one here')).body.code).toBe(
      'LOGIN_REFUSED',
    );
    expect((await change(PASSWORD, 'short')).body.code).toBe('PASSWORD_WEAK');
    expect((await change(PASSWORD, 'aaaaaaaaaaaaaaaa')).body.code).toBe('PASSWORD_WEAK');
    const changed = await change(PASSWORD, 'a much better one here');
    expect(changed.status).toBe(200);
    expect((await me(asBearer(changed.body.access_token))).status).toBe(200);
    expect((await post('refresh', { refresh_token: elsewhere.refresh_token })).body.code).toBe(
      'TOKEN_INVALID',
    );
    expect((await post('login', { login, password: PASSWORD })).body.code).toBe('LOGIN_REFUSED');
  });
});

describe('rights', () => {
  it('case 160: a role that ends at noon is gone with the next request after noon', async () => {
    server.goTo('11:59');
    const faculty = server.as('auditor');
    expect((await faculty.get(`${API}/jobs/`)).status).toBe(200);
    const row = await server.db.knex('account').where('login', 'like', 'auditor%').first('id');
    const { body } = await server.as('admin').get(`${API}/accounts/${row.id}/`);
    const end = `${API}/accounts/${row.id}/roles/${body.roles[0].id}/end/`;
    const valid_to = '2026-07-07T12:00:00+05:30';
    expect((await server.as('admin').post(end, { valid_to })).status).toBe(200);
    expect((await faculty.get(`${API}/jobs/`)).status).toBe(200);
    server.goTo('12:00');
    expect((await faculty.get(`${API}/jobs/`)).body.code).toBe('FORBIDDEN');
    server.goTo('10:10');
  });

  it('a refused attempt is audited with role, address and request id (case 158)', async () => {
    const student = server.as('student', { student: rollNumber(0) });
    const refused = await student.get(`${API}/quarantine/`, { 'x-request-id': 'trace-0001' });
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    const row = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', request_id: 'trace-0001' })
      .first();
    expect(row).toMatchObject({
      actor_role: 'student',
      ip_address: '127.0.0.1',
      reason: 'FORBIDDEN',
      entity_id: `GET ${API}/quarantine/`,
    });
  });
});
