import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RoleId } from '../auth/roles.js';
import { BODY_BYTES_MAX } from './app.js';
import { notedRefusals } from './noted-refusals.test-support.js';
import { PROBLEM_CONTENT_TYPE } from './problem.js';
import type { Route } from './route.js';
import { ROUTES } from './routes.js';
import {
  isWrite,
  type KnownIds,
  knownIds,
  leavesOf,
  nameOf,
  type Path,
  personOf,
  roleFor,
  type SampleRequest,
  sampleRequest,
  storedState,
  valueAt,
  withValue,
} from './test-requests.js';
import { API, type Body, TestServer } from './test-server.js';

const SEED = 20_260_707;
const RUNS = 150;
/** Of each list for each place, in turn: all of them at every place would take minutes. */
const PER_PLACE = 3;
const inTurn = <T>(list: readonly T[], turn: number): T[] =>
  Array.from({ length: PER_PLACE }, (_, index) => list[(turn * PER_PLACE + index) % list.length] as T);

/** Signing in is throttled by login and address, and ends what the other requests need. */
const LEFT_OUT = /^\/api\/v1\/auth\//;
const routes = ROUTES.filter(
  ({ contract }) =>
    !LEFT_OUT.test(contract.path) && contract.access !== 'gateway' && contract.operationId !== 'stream',
);
const withBody = routes.filter(({ contract }) => isWrite(contract) && contract.body !== undefined);

let server: TestServer;
let ids: KnownIds;
const tokens = new Map<RoleId, Record<string, string>>();
let tables: string[];
beforeAll(async () => {
  server = await TestServer.start();
  ids = await knownIds(server);
  tables = Object.keys(await storedState(server.db.knex)).sort();
});
afterAll(() => server?.stop());
beforeEach(() => tokens.clear());

async function headersFor(route: Route): Promise<Record<string, string>> {
  const role = roleFor(route);
  const known = tokens.get(role) ?? (await server.authorization(role, personOf(role)));
  tokens.set(role, known);
  return { 'content-type': 'application/json', ...known };
}

/** How often each code was the answer. */
const refusedWith = new Map<string, number>();

interface Heard {
  status: number;
  code: string | undefined;
  text: string;
}

/** Whatever is sent: an answer by the contract or a problem with a code, never a fault of central's own. */
async function send(
  route: Route,
  change: Partial<SampleRequest> = {},
  init: RequestInit = {},
): Promise<Heard> {
  const { method, path, body } = { ...sampleOf(route), ...change };
  const response = await fetch(server.url(path), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...init,
    headers: { ...(await headersFor(route)), ...(init.headers as Record<string, string> | undefined) },
  });
  const text = await response.text();
  const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 500)} → ${response.status} ${text.slice(0, 500)}`;
  expect(response.status, what).toBeLessThan(500);
  if (response.ok) return { status: response.status, code: undefined, text };
  expect(response.headers.get('content-type'), what).toContain(PROBLEM_CONTENT_TYPE);
  const problem = JSON.parse(text) as Body;
  expect(problem.code, what).toMatch(/^[A-Z][A-Z_]+$/);
  expect(problem.detail.length, what).toBeGreaterThan(10);
  // Neither SQL nor a place in the code: whoever attacks learns nothing from it.
  expect(problem.detail, what).not.toMatch(/SELECT |INSERT |node_modules|\.js:\d|\.ts:\d|syntax error/);
  // What a scan is refused for is kept with the scan.
  if (!path.includes('/qr-scan/') || [400, 413].includes(response.status))
    refusedWith.set(problem.code, (refusedWith.get(problem.code) ?? 0) + 1);
  return { status: response.status, code: problem.code, text };
}

const sampleOf = (route: Route): SampleRequest => sampleRequest(route, ids);
const placesOf = (route: Route): Path[] => leavesOf(sampleOf(route).body).filter((path) => path.length > 0);

describe('wrong types', () => {
  const QUERY_VALUES = ["'", '%00', '[]', '-1', '1e999', 'x'.repeat(5_000), '%F0%9F%92%A3', '2026-13-45'];
  /** Reading everything takes longer than one request: once for each route. */
  let stateAfterLast: Record<string, string> | undefined;
  beforeAll(async () => {
    // Whoever calls exists before the first look at what is stored.
    for (const route of routes) await headersFor(route);
  });
  const WRONG: readonly unknown[] = [null, [], { $ne: null }, -1, 1e308, 2 ** 53, true, ''];

  it.each(
    withBody.map((route) => [nameOf(route), route] as const),
  )('%s: a wrong type anywhere in the body is refused clearly or right, and what is refused changes nothing', async (_name, route) => {
    const request = sampleOf(route);
    const before = stateAfterLast ?? (await storedState(server.db.knex));
    const heard: Heard[] = [];
    for (const [turn, path] of placesOf(route).entries()) {
      const right = valueAt(request.body, path);
      // Whatever has the type of what belongs there may be right.
      const wrong = inTurn(
        WRONG.filter((value) => typeof value !== typeof right),
        turn,
      );
      const answers = wrong.map((value) => send(route, { body: withValue(request.body, path, value) }));
      heard.push(...(await Promise.all(answers)));
    }
    stateAfterLast = await storedState(server.db.knex);
    if (heard.every(({ status }) => status >= 400)) expect(stateAfterLast).toEqual(before);
  });

  it('a body of another type, and one with an unknown field, is refused on every route and changes nothing', async () => {
    const before = await storedState(server.db.knex);
    for (const route of withBody) {
      const { body: right } = sampleOf(route);
      for (const body of [[], 'text', 1, null, [right], { ...(right as Body), is_admin: true }]) {
        const { status, code } = await send(route, { body });
        // A body that is left out may be complete: then it is as good as an empty one.
        if (body !== null) expect([status, code], nameOf(route)).toEqual([400, 'REQUEST_INVALID']);
      }
    }
    expect(await storedState(server.db.knex)).toEqual(before);
  });

  it.each(
    routes.map((route) => [nameOf(route), route] as const),
  )('%s: query and path are held to the contract', async (_name, route) => {
    const request = sampleOf(route);
    const glue = request.path.includes('?') ? '&' : '?';
    const names = ['no_such_filter', ...Object.keys(route.contract.query?.shape ?? {})];
    for (const [turn, name] of names.entries()) {
      const paths = inTurn(QUERY_VALUES, turn).map((value) => `${request.path}${glue}${name}=${value}`);
      await Promise.all(paths.map((path) => send(route, { path })));
      const twice = await send(route, { path: `${request.path}${glue}${name}=a&${name}=b` });
      expect(twice.status).toBeGreaterThanOrEqual(400);
    }
    for (const value of ["1' OR '1'='1", '../../etc/passwd', '%00', '%ff', 'x'.repeat(5_000)]) {
      const path = route.contract.path.replaceAll(
        /\{\w+\}/g,
        encodeURIComponent(value).replaceAll('%25', '%'),
      );
      if (path !== route.contract.path)
        expect((await send(route, { path })).status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('bodies', () => {
  const route = withBody.find(({ contract }) => contract.operationId === 'bulkMark') as Route;
  const post = (body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) =>
    send(route, {}, { body, headers: more });

  it('that are too large are 413 on every route, and change nothing', async () => {
    const before = await storedState(server.db.knex);
    for (const one of withBody) {
      const body = JSON.stringify({ reason: 'x'.repeat(one.contract.bodyBytesMax ?? BODY_BYTES_MAX) });
      const { status, code } = await send(one, {}, { body });
      expect([status, code], nameOf(one)).toEqual([413, 'BODY_TOO_LARGE']);
    }
    expect(await storedState(server.db.knex)).toEqual(before);
  });

  it.each([
    ['deep arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['deep objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a deep field', `{"session_id":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['cut JSON', '{"session_id": "'],
    ['nothing but a word', 'hello'],
    ['a number too large', '{"session_id": 1e999999}'],
    ['a prototype', '{"__proto__": {"is_admin": true}, "constructor": {"prototype": {}}}'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', new Uint8Array(Buffer.from('\ufeff{"session_id":1}', 'utf16le'))],
  ])('of %s are refused', async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect(({} as Body).is_admin).toBeUndefined();
  });

  it.each([
    5_000, 100_000,
  ])('%s levels deep are refused with an Idempotency-Key as without one, and change nothing', async (levels) => {
    await headersFor(route);
    const before = await storedState(server.db.knex);
    const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    for (const body of [deep, `{"session_id":${deep}}`, `{"attendance_data":[{"mark":${deep}}]}`]) {
      const heard = await post(body, { 'idempotency-key': `deep-${levels}` });
      expect(heard).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    }
    expect(await storedState(server.db.knex)).toEqual(before);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
  ])('sent as %s are refused on every route instead of being taken for empty', async (type) => {
    for (const one of withBody) {
      const { status, code } = await send(one, {}, { body: '{}', headers: { 'content-type': type } });
      expect([status, code], nameOf(one)).toEqual([400, 'REQUEST_INVALID']);
    }
  });

  it.each([
    'gzip',
    'deflate',
    'br',
    'x-unknown',
  ])('said to be %s without being so are refused', async (encoding) => {
    expect((await post('{}', { 'content-encoding': encoding })).status).toBeGreaterThanOrEqual(400);
  });

  it('that unfold to more than the limit are refused before they are unfolded whole', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(50 * BODY_BYTES_MAX, 0x20));
    const answer = await post(new Uint8Array(bomb), { 'content-encoding': 'gzip' });
    expect([answer.status, answer.code]).toEqual([413, 'BODY_TOO_LARGE']);
  });
});

describe('text that means something to somebody else', () => {
  const SQL = [
    "'; DROP TABLE attendance_record; --",
    "' OR '1'='1",
    "1); DELETE FROM attendance_audit_log WHERE ('1'='1",
    "' union select password_hash from account --",
    '$1',
    '?',
    '"; select pg_sleep(10); --',
    '\\',
  ];

  it.each(
    withBody.map((route) => [nameOf(route), route] as const),
  )('%s takes SQL for the text it is', async (_name, route) => {
    const request = sampleOf(route);
    for (const [turn, path] of placesOf(route).entries()) {
      const texts = inTurn(SQL, turn);
      await Promise.all(texts.map((text) => send(route, { body: withValue(request.body, path, text) })));
    }
  });

  it('left every table where it was', async () => {
    expect(Object.keys(await storedState(server.db.knex)).sort()).toEqual(tables);
    const [record] = await server.results(`${API}/records/?limit=1`);
    expect(record.version).toBeGreaterThan(0);
  });

  it.each(
    withBody.map((route) => [nameOf(route), route] as const),
  )('%s refuses NUL and unpaired surrogates wherever text is taken', async (_name, route) => {
    const request = sampleOf(route);
    const before = await storedState(server.db.knex);
    for (const path of placesOf(route)) {
      if (typeof valueAt(request.body, path) !== 'string') continue;
      for (const text of ['a\u0000b', 'ab\ud800cd', '\udc00abcd']) {
        const body = withValue(request.body, path, text);
        const { status, code } = await send(route, { body });
        expect([status, code], path.join('.')).toEqual([400, 'REQUEST_INVALID']);
      }
    }
    expect(await storedState(server.db.knex)).toEqual(before);
  });

  it('keeps what was written, letter by letter', async () => {
    const reason = `${SQL[0]} \u{1f4a3} తెలుగు`;
    const { id } = await server.sessionOf('CS302');
    await server.post(`${API}/sessions/${id}/cancel/`, { reason });
    const row = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: id, action: 'cancel' })
      .orderBy('id', 'desc')
      .first();
    expect(row.reason).toBe(reason);
    await server.post(`${API}/sessions/${id}/restore/`);
  });
});

describe('anything at all', () => {
  it('sent to any route is answered clearly, and never with a fault', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double(),
      fc.constantFrom(...SQL_WORDS),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.uuid(),
      fc.jsonValue({ maxDepth: 3 }),
    );
    const choice = fc.record({
      route: fc.nat({ max: withBody.length - 1 }),
      place: fc.nat(),
      second: fc.nat(),
      values: fc.tuple(value, value),
    });
    await fc.assert(
      fc.asyncProperty(choice, async ({ route: index, place, second, values }) => {
        const route = withBody[index] as Route;
        const request = sampleOf(route);
        const places = placesOf(route);
        if (places.length === 0) return;
        const one = withValue(request.body, places[place % places.length] as Path, values[0]);
        const two = withValue(one, places[second % places.length] as Path, values[1]);
        await send(route, { body: two });
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

it('every refusal of all this is in the audit log, one by one or as a number', async () => {
  const noted = await notedRefusals(server);
  expect(Object.fromEntries([...refusedWith].map(([code]) => [code, noted.get(code) ?? 0]))).toEqual(
    Object.fromEntries(refusedWith),
  );
});

const SQL_WORDS = [
  'NULL',
  'infinity',
  '-infinity',
  'now',
  'epoch',
  'NaN',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
];
