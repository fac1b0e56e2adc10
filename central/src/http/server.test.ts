import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { advanceSessionsJob } from '../jobs/advance-sessions.js';
import { generateSessionsJob } from '../jobs/generate-sessions.js';
import { JOBS } from '../jobs/registry.js';
import { runJob } from '../jobs/run-job.js';
import { silentLog } from '../log.js';
import { createApp } from './app.js';
import { expressPath } from './mount.js';
import { documentedPath } from './openapi.js';
import { ROUTES } from './routes.js';
import { createHttpServer } from './server.js';
import { API, at, type Body, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

/** Answered with a page, not with a contract. */
const PAGES = ['/admin/attendance', '/api/docs', '/api/redoc'];

describe('operations', () => {
  it('healthz answers, readyz names what does not work', async () => {
    expect((await server.get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await server.get('/readyz')).body).toEqual({
      status: 'ready',
      checks: { database: true, migrations: true, broker: true },
    });
    server.isBrokerReady = false;
    const response = await fetch(server.url('/readyz'));
    server.isBrokerReady = true;
    expect([response.status, ((await response.json()) as Body).checks.broker]).toEqual([503, false]);
  });

  it('metrics and jobs are shown', async () => {
    const text = await (await fetch(server.url('/metrics'))).text();
    expect(text).toContain('rollcall_judgement_todo');
    expect(text).toMatch(
      /rollcall_http_request_seconds_count\{method="GET",route="\/healthz",status="200"\} \d/,
    );
    const jobs = await server.results(`${API}/jobs/`);
    expect(jobs.map(({ name }) => name)).toEqual(JOBS.map(({ name }) => name));
  });

  it('of each job are shown its last run, how it ended, and its next one', async () => {
    const shown = async (wanted: string) =>
      (await server.results(`${API}/jobs/`)).find(({ name }) => name === wanted);
    const context = { db: server.db, clock: server.clock, log: silentLog };
    server.goTo('10:12');
    expect(await shown('advance-sessions')).toMatchObject({
      last_started_at: null,
      last_finished_at: null,
      last_outcome: null,
      next_run_at: at('10:13').toISOString(),
    });
    await runJob(advanceSessionsJob, context);
    const broken = { ...generateSessionsJob, run: () => Promise.reject(new Error('no timetable')) };
    await runJob(broken, context);
    server.goTo('10:20');
    expect(await shown('advance-sessions')).toMatchObject({
      every_minutes: 1,
      last_started_at: at('10:12').toISOString(),
      last_finished_at: at('10:12').toISOString(),
      last_outcome: 'done',
      next_run_at: at('10:21').toISOString(),
    });
    expect(await shown('generate-sessions')).toMatchObject({
      every_minutes: 60,
      last_started_at: at('10:12').toISOString(),
      last_outcome: 'failed',
      last_detail: 'no timetable',
      // The full hour of UTC is half past on this campus.
      next_run_at: at('10:30').toISOString(),
    });
  });

  it('the campus tells its zone', async () => {
    expect((await server.get(`${API}/campus/`)).body).toEqual({
      id: 'main',
      name: 'Test campus',
      zone: 'Asia/Kolkata',
    });
  });

  it('the document has every route that the server answers and no other', async () => {
    const { body } = await server.get('/api/schema/');
    const { body: old } = await server.get('/api/schema?version=3.0');
    expect([body.openapi, old.openapi]).toEqual(['3.1.0', '3.0.3']);
    const app = createApp(ROUTES, { metrics: {}, checks: {} } as never, {
      pageDirectory: server.pageDirectory,
      publicUrls: [],
      trustedProxies: [],
    });
    type Layer = { route?: { path: string | RegExp; methods: Record<string, boolean> } };
    // What refuses every other method of a known path stands under all of them.
    const methodsOf = (methods: Record<string, boolean>) =>
      Object.keys(methods).length === 1 ? Object.keys(methods) : [];
    const served = (app.router as unknown as { stack: Layer[] }).stack.flatMap(({ route }) =>
      typeof route?.path === 'string' && !PAGES.includes(route.path)
        ? methodsOf(route.methods).map(
            (method) => `${method} ${documentedPath({ path: String(route.path) })}`,
          )
        : [],
    );
    const inDocument = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${expressPath(path)}`),
    );
    // A route whose bodies may be larger stands there once more, with the parser of its own.
    expect([...new Set(served)].sort()).toEqual(inDocument.sort());
  });

  it('a taken port is named with the remedy', async () => {
    const second = createHttpServer({ ...server.options, port: server.port });
    await expect(second).rejects.toThrow(new RegExp(`Port ${server.port}.*--port.*PORT_TAKEN`));
  });
});

describe('the page and its protection', () => {
  it('is served at the root, for its views, and below /admin/attendance/', async () => {
    for (const path of ['/', '/live', '/sessions/x']) {
      const response = await fetch(server.url(path), { headers: { accept: 'text/html' } });
      expect([path, response.status, await response.text()]).toEqual([
        path,
        200,
        expect.stringContaining('Rollcall'),
      ]);
    }
    const admin = await fetch(server.url('/admin/attendance/'), { redirect: 'manual' });
    expect([admin.status, admin.headers.get('location')]).toEqual([302, '/']);
    const asset = await fetch(server.url('/assets/app-1a2b.js'));
    expect(asset.headers.get('cache-control')).toContain('immutable');
  });

  it('forbids scripts that are not files of its own', async () => {
    const policy = (await fetch(server.url('/'))).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self' 'unsafe-inline'");
    expect(policy).not.toContain('upgrade-insecure-requests');
  });

  it('what does not exist is a problem, not a page', async () => {
    expect(await server.refusal(`${API}/nothing/`)).toMatchObject({ code: 'NOT_FOUND', status: 404 });
    expect((await fetch(server.url('/assets/gone.js'))).status).toBe(404);
  });

  it('names the methods that a path takes, and answers HEAD of the stream without holding on to it', async () => {
    const { id } = await server.sessionOf('CS301');
    const other = await fetch(server.url(`${API}/sessions/${id}/open/`));
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await other.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    const removed = await fetch(server.url(`${API}/sessions`), { method: 'DELETE' });
    expect([removed.status, removed.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    const head = await fetch(server.url(`${API}/stream/`), {
      method: 'HEAD',
      headers: await server.authorization(),
    });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('refuses text that PostgreSQL cannot hold and cursors that no page gave out, naming them', async () => {
    const cursor = (...position: string[]) =>
      `cursor=${Buffer.from(JSON.stringify(position)).toString('base64url')}`;
    const none = '00000000-0000-0000-0000-000000000000';
    const paths = [
      'records/?student=%00',
      'sessions/?section=a%00',
      'quarantine/?code=%00',
      `gateways/?${cursor('a\u0000')}`,
      `sessions/?${cursor('9999-99-99 99:99:99+00', none)}`,
      `punches/?${cursor('2026-02-30 10:00:00+00', none)}`,
      `punches/?${cursor('2026-02-28 24:00:00+00', none)}`,
      'sessions/?limit=501',
    ];
    for (const path of paths) {
      const { code, detail } = await server.refusal(`${API}/${path}`);
      const parameter = /\?(\w+)=/.exec(path)?.[1] ?? '';
      expect([path, code, detail]).toEqual([path, 'REQUEST_INVALID', expect.stringContaining(parameter)]);
    }
  });

  it('makes no change without the body that it cannot read', async () => {
    const { id } = await server.sessionOf('CS301');
    const path = `${API}/sessions/${id}/close/`;
    const { body } = await server.call('POST', path, {
      body: '{"version":99}',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(body).toMatchObject({
      code: 'REQUEST_INVALID',
      detail: expect.stringContaining('application/json'),
    });
    expect((await server.post(path, { reason: 'a\u0000' })).body.detail).toContain('reason');
    expect((await server.sessionOf('CS301')).status).toBe('open');
  });

  it('refuses broken and oversized JSON', async () => {
    const { id } = await server.sessionOf('CS301');
    const send = (body: string) =>
      server.call('POST', `${API}/sessions/${id}/open/`, {
        body,
        headers: { 'content-type': 'application/json' },
      });
    expect((await send('{')).body).toMatchObject({ code: 'REQUEST_INVALID', status: 400 });
    expect((await send(JSON.stringify({ reason: 'x'.repeat(2_000_000) }))).body.detail).toContain('1 MiB');
    expect((await send('{"colour":1}')).body.detail).toContain('colour');
  });

  it('answers only to loopback names, whatever a DNS server says', async () => {
    const status = (host: string) =>
      new Promise<number>((resolve, reject) => {
        rawRequest(
          { host: '127.0.0.1', port: server.port, path: '/healthz', headers: { host } },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        )
          .once('error', reject)
          .end();
      });
    const statuses = [
      '127.0.0.1',
      'localhost:8000',
      '[::1]:8000',
      'evil.example',
      '127.0.0.1.evil.example:8000',
    ].map(status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 403, 403]);
  });

  it('takes no change from the page of another site', async () => {
    const { id } = await server.sessionOf('CS301');
    const { body } = await server.post(`${API}/sessions/${id}/close/`, {}, { origin: 'http://evil.example' });
    expect(body).toMatchObject({ code: 'FORBIDDEN', status: 403 });
  });
});
