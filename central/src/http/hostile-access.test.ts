import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.js';
import { PERMISSIONS } from '../auth/permissions.js';
import { ROLES } from '../auth/roles.js';
import { rollNumber } from '../seed/test-campus.js';
import { AUTH } from './contracts/auth.js';
import { mountRoute } from './mount.js';
import { notedRefusals } from './noted-refusals.test-support.js';
import type { Route } from './route.js';
import { ROUTES } from './routes.js';
import { isWrite, knownIds, nameOf, personOf, roleFor, sampleRequest, storedState } from './test-requests.js';
import { API, type Body, TestServer } from './test-server.js';

let server: TestServer;
let before: Record<string, string>;
beforeAll(async () => {
  server = await TestServer.start();
  // Whoever calls exists before the first look at what is stored.
  for (const role of ROLES) await server.tokenOf(role, personOf(role));
  before = await storedState(server.db.knex);
});
afterAll(() => server?.stop());

const behindSignIn = ROUTES.filter(({ contract }) => !['public', 'gateway'].includes(contract.access));
const writes = behindSignIn.filter(({ contract }) => isWrite(contract));

async function send(route: Route, headers: Record<string, string>): Promise<[number, string]> {
  const { method, path, body } = sampleRequest(route);
  const response = await fetch(server.url(path), {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const problem = (await response.json()) as Body;
  expect(response.headers.get('content-type'), nameOf(route)).toContain('application/problem+json');
  return [response.status, problem.code];
}

const expectUntouched = async (): Promise<void> => {
  expect(await storedState(server.db.knex)).toEqual(before);
};

describe('deny first', () => {
  it('every route says who may call it, and no other route can be mounted', () => {
    const known = new Set<string>(['public', 'gateway', 'signed_in', ...Object.keys(PERMISSIONS)]);
    expect(ROUTES.filter(({ contract }) => !known.has(contract.access)).map(nameOf)).toEqual([]);
    const [route] = ROUTES as [Route];
    for (const access of [undefined, 'everybody', '', 'toString', '__proto__']) {
      const bad = { ...route, contract: { ...route.contract, access } } as unknown as Route;
      expect(() => mountRoute({} as never, bad, {} as never)).toThrow(/says who may call it/);
    }
  });

  it('what is public can be counted: signing in, the document, health', () => {
    const open = ROUTES.filter(({ contract }) => contract.access === 'public').map(
      ({ contract }) => contract.path,
    );
    expect(open.sort()).toEqual(
      [
        '/api/schema/',
        `${API}/webhooks/biometric/`,
        `${AUTH}/login/`,
        `${AUTH}/refresh/`,
        '/healthz',
        '/metrics',
        '/readyz',
      ].sort(),
    );
  });

  it.each(
    behindSignIn.map((route) => [nameOf(route), route] as const),
  )('%s without a sign-in is 401, and nothing of the request is looked at', async (_name, route) => {
    expect(await send(route, {})).toEqual([401, 'TOKEN_MISSING']);
    expect(await send(route, { authorization: 'Basic Z3ctYTpzZWNyZXQ=' })).toEqual([401, 'TOKEN_MISSING']);
  });

  it('A10.24: no write and no device address is open to somebody without a sign-in', async () => {
    const open = ROUTES.filter(({ contract }) => isWrite(contract) && contract.access === 'public');
    expect(open.map(({ contract }) => contract.path).sort()).toEqual(
      // The webhook refuses everybody (410).
      [`${API}/webhooks/biometric/`, `${AUTH}/login/`, `${AUTH}/refresh/`].sort(),
    );
    for (const route of ROUTES.filter(({ contract }) => contract.access === 'gateway')) {
      expect(await send(route, {})).toEqual([401, 'UNAUTHENTICATED']);
      expect(await send(route, { authorization: `Basic ${btoa('gw-a:wrong')}` })).toEqual([
        401,
        'UNAUTHENTICATED',
      ]);
    }
    const gatewayRoutes = ROUTES.filter(({ contract }) => contract.access === 'gateway').length;
    expect((await notedRefusals(server)).get('UNAUTHENTICATED')).toBe(2 * gatewayRoutes);
    await expectUntouched();
  });

  it.each(
    ROLES,
  )('case 157: %s is refused each route whose permission it lacks, with 403 and an audit row', async (role) => {
    const lacking = behindSignIn.filter(({ contract }) => {
      const row = PERMISSIONS[contract.access as keyof typeof PERMISSIONS] as
        | Record<string, string>
        | undefined;
      return row !== undefined && row[role] === undefined;
    });
    const headers = await server.authorization(role, personOf(role));
    const auditBefore = await refusals();
    for (const route of lacking)
      expect(await send(route, headers), `${role} ${nameOf(route)}`).toEqual([403, 'FORBIDDEN']);
    expect(await refusals()).toBe(auditBefore + lacking.length);
    await expectUntouched();
  });
});

/** Runs it, and says how many refusals with this code the audit log has more. */
async function newlyNoted(code: string, act: () => Promise<void>): Promise<number> {
  const was = (await notedRefusals(server)).get(code) ?? 0;
  await act();
  return ((await notedRefusals(server)).get(code) ?? 0) - was;
}

const refusals = async (): Promise<number> => {
  const rows = await server.db
    .knex('attendance_audit_log')
    .where({ action: 'refused', reason: 'FORBIDDEN' })
    .count<{ count: number }[]>('* as count');
  return Number(rows[0]?.count);
};

describe('tokens that prove nothing', () => {
  const KEY = Buffer.alloc(32, 9);
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

  async function claimsOf(): Promise<Body> {
    const token = await server.tokenOf('admin');
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  }
  const signed = async (change: object, header: object = {}, key: Uint8Array = KEY): Promise<string> =>
    new SignJWT({ ...(await claimsOf()), ...change })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: 'test', ...header })
      .sign(key);

  const forgeries: Record<string, () => Promise<string>> = {
    'alg none': async () => `${encode({ alg: 'none', kid: 'test' })}.${encode(await claimsOf())}.`,
    'alg NONE in another spelling': async () =>
      `${encode({ alg: 'NoNe', kid: 'test' })}.${encode(await claimsOf())}.x`,
    'another key': () => signed({}, {}, Buffer.alloc(32, 8)),
    'another algorithm': () => signed({}, { alg: 'HS512' }),
    'a key id that is none': () => signed({}, { kid: '../../etc/passwd' }),
    'a key id with SQL': () => signed({}, { kid: "test' OR '1'='1" }),
    'no key id': () => signed({}, { kid: undefined }),
    'another audience': () => signed({ aud: 'other' }),
    'another issuer': () => signed({ iss: 'other' }),
    'no expiry': () => signed({ exp: undefined }),
    'an expiry that is text': () => signed({ exp: 'never' as never }),
    'no sign-in': () => signed({ sid: undefined }),
    'an older generation': () => signed({ gen: -1 }),
    'a payload changed after signing': async () => {
      const [header, , signature] = (await server.tokenOf('admin')).split('.');
      return `${header}.${encode({ ...(await claimsOf()), gen: 0, role: 'admin' })}.${signature}`;
    },
    'the sign-in of another account': async () => {
      const other = await server.tokenOf('student', { student: rollNumber(0) });
      const { sub } = JSON.parse(Buffer.from(other.split('.')[1] ?? '', 'base64url').toString());
      return signed({ sub });
    },
    'an HMAC over the public part with an empty key': async () => {
      const body = `${encode({ alg: 'HS256', kid: 'test' })}.${encode(await claimsOf())}`;
      return `${body}.${createHmac('sha256', '').update(body).digest('base64url')}`;
    },
  };

  it.each(
    Object.keys(forgeries),
  )('%s: refused on every route alike, audited, and nothing changes', async (name) => {
    const noted = await newlyNoted('TOKEN_INVALID', async () => {
      const token = (await forgeries[name]?.()) ?? '';
      const route = behindSignIn[name.length % behindSignIn.length] as Route;
      for (const one of [route, ...writes.slice(0, 3)]) {
        expect(await send(one, { authorization: `Bearer ${token}` })).toEqual([401, 'TOKEN_INVALID']);
      }
    });
    expect(noted).toBe(4);
    await expectUntouched();
  });

  it('an expired one is refused on every route, and audited as of whom it was', async () => {
    const noted = await newlyNoted('TOKEN_EXPIRED', async () => {
      const headers = await server.authorization('admin');
      server.clock.stepWall(15 * 60_000);
      for (const route of behindSignIn) expect(await send(route, headers)).toEqual([401, 'TOKEN_EXPIRED']);
    });
    expect(noted).toBe(behindSignIn.length);
    const admin = await server.db.knex('account').where('login', 'like', 'admin-%').first('id');
    const [row] = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', reason: 'TOKEN_EXPIRED' });
    expect(row).toMatchObject({ performed_by: admin.id, ip_address: '127.0.0.1' });
    await expectUntouched();
  });

  it('case 160: a role that has ended is refused on every route that needs it', async () => {
    const { knex } = server.db;
    const [account] = await knex('account').insert({ login: 'ended', display_name: 'Ended' }).returning('id');
    await knex('account_role').insert({
      account_id: account.id,
      role: 'admin',
      valid_from: new Date(0),
      valid_to: new Date(server.clock.wallMs()),
    });
    const [session] = await knex('login_session')
      .insert({ account_id: account.id, refresh_sha256: Buffer.alloc(32, 3), expires_at: 'infinity' })
      .returning('id');
    const token = await signed({ sub: account.id, sid: session.id, gen: 0 });
    for (const route of behindSignIn.filter(({ contract }) => contract.access !== 'signed_in')) {
      expect(await send(route, { authorization: `Bearer ${token}` }), nameOf(route)).toEqual([
        403,
        'FORBIDDEN',
      ]);
    }
    await knex('account_role').where({ account_id: account.id }).delete();
    await knex('login_session').where({ account_id: account.id }).delete();
    await knex('attendance_audit_log').where({ performed_by: account.id }).first('id');
    await knex('account').where({ id: account.id }).delete();
    await expectUntouched();
  });
});

describe('a page of another site', () => {
  const PASSWORD = 'a long and quiet evening';
  let cookie = '';
  const csrfOfOther = { 'x-csrf-token': '' };
  const HEADERS = [{}, { 'x-csrf-token': '' }, csrfOfOther, { 'x-csrf-token': 'x'.repeat(43) }];
  let accountId = '';

  async function login(): Promise<{ cookie: string; csrf: string }> {
    const response = await fetch(server.url(`${AUTH}/login/`), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'page-admin', password: PASSWORD }),
    });
    const cookies = response.headers.getSetCookie().map((text) => text.split(';')[0]);
    return { cookie: cookies.join('; '), csrf: ((await response.json()) as Body).csrf_token };
  }

  beforeAll(async () => {
    const [account] = await server.db
      .knex('account')
      .insert({ login: 'page-admin', display_name: 'Admin', password_hash: await hashPassword(PASSWORD) })
      .returning('id');
    await server.db
      .knex('account_role')
      .insert({ account_id: account.id, role: 'admin', valid_from: new Date(0) });
    ({ cookie } = await login());
    csrfOfOther['x-csrf-token'] = (await login()).csrf;
    accountId = account.id;
    before = await storedState(server.db.knex);
  });

  it.each(
    writes.map((route) => [nameOf(route), route] as const),
  )('%s with cookies alone, or the CSRF token of another sign-in, is refused', async (_name, route) => {
    for (const headers of HEADERS) {
      expect(await send(route, { cookie, ...headers })).toEqual([403, 'CSRF_MISSING']);
    }
  });

  it('changed nothing, and every attempt is in the audit log', async () => {
    expect((await notedRefusals(server)).get('CSRF_MISSING')).toBe(writes.length * HEADERS.length);
    const [row] = await server.db.knex('attendance_audit_log').where({ reason: 'CSRF_MISSING' });
    expect(row.performed_by).toBe(accountId);
    await expectUntouched();
  });
});

describe('guessed ids', () => {
  const guessed = behindSignIn.filter(({ contract }) => contract.path.includes('{id}'));

  it('are 404 on every route, whatever role asks, change nothing, and each is audited', async () => {
    const outcomes: Record<string, string> = {};
    const was = await notedRefusals(server);
    for (const route of guessed) {
      const role = roleFor(route);
      const [status, code] = await send(route, await server.authorization(role, personOf(role)));
      outcomes[nameOf(route)] = `${status} ${code}`;
    }
    // Where the made-up body is refused first, the id was not asked about; that may not become the rule.
    const isRefusedFirst = (outcome: string): boolean => outcome === '400 REQUEST_INVALID';
    const asked = Object.entries(outcomes).filter(([, outcome]) => !isRefusedFirst(outcome));
    expect(asked.filter(([, outcome]) => outcome !== '404 NOT_FOUND')).toEqual([]);
    expect(asked.length).toBeGreaterThanOrEqual(0.8 * guessed.length);
    const noted = await notedRefusals(server);
    const more = ['NOT_FOUND', 'REQUEST_INVALID'].map(
      (code) => (noted.get(code) ?? 0) - (was.get(code) ?? 0),
    );
    expect(more).toEqual([asked.length, guessed.length - asked.length]);
    await expectUntouched();
  });

  it('case 156, A10.7: one student sees and changes nothing of another, with 404 and an audit row each time', async () => {
    const ids = await knownIds(server);
    const student = server.as('student', { student: rollNumber(1) });
    const mine = await student.results(`${API}/records/`);
    expect(new Set(mine.map(({ student: one }) => one.roll_number))).toEqual(new Set([rollNumber(1)]));
    const other = await server.db
      .knex('attendance_record as r')
      .join('student as st', 'st.id', 'r.student_id')
      .where('st.roll_number', rollNumber(0))
      .first('r.id as id');
    const answer = await student.get(`${API}/records/${other.id}/explain/`);
    expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(JSON.stringify(answer.body)).not.toContain(ids['sessions']);
    const row = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', reason: 'NOT_FOUND', entity_id: `GET ${API}/records/${other.id}/explain/` })
      .first();
    expect(row.actor_role).toBe('student');
    expect(await student.results(`${API}/records/?student=${rollNumber(0)}`)).toEqual([]);
  });
});

it('case 157: a head of department makes classes of the own department only', async () => {
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').update({ department_id: 'cse' });
  const body = {
    course: 'CS301',
    sections: ['cse-a'],
    faculty: 'F001',
    rooms: ['r102'],
    date: '2026-07-09',
    start_time: '14:00',
    end_time: '14:50',
    origin: 'extra',
    reason: 'revision',
  };
  const sessions = async () => (await knex('attendance_session').pluck('id')).length;
  const before = await sessions();
  const other = await server.as('hod', { department: 'ece' }).post(`${API}/sessions/`, body);
  expect([other.status, other.body.code, await sessions()]).toEqual([403, 'FORBIDDEN', before]);
  const own = await server.as('hod', { department: 'cse' }).post(`${API}/sessions/`, body);
  expect([own.status, await sessions()]).toEqual([201, before + 1]);
});
