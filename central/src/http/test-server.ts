import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import * as z from 'zod';
import { openListener } from '../db/listen.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber, seedTestCampus, testCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { openApiDocument } from './openapi.js';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.js';
import { ROUTES } from './routes.js';
import { createHttpServer, type HttpServerOptions } from './server.js';

export const API = '/api/v1/attendance';

/** Tuesday 7 July 2026 on campus. */
export const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever JSON came back
export type Body = any;

export interface Answer {
  status: number;
  body: Body;
  headers: Headers;
}

/**
 * For tests: central's HTTP side over a campus of five students at 10:10. In S1 the first is present, the
 * second late, the third tapped in another room; S2 is still to come.
 */
export class TestServer {
  readonly clock = new ManualClock(at('06:00').getTime());
  readonly pageDirectory = mkdtempSync(join(tmpdir(), 'rollcall-page-'));
  readonly db: TestDatabase;
  readonly options: HttpServerOptions;
  port = 0;
  isBrokerReady = true;
  #stop: () => Promise<void> = () => Promise.resolve();

  private constructor(db: TestDatabase, listener: HttpServerOptions['listener']) {
    this.db = db;
    this.options = {
      db,
      listener,
      // Streams gather changes by this clock; the state under test moves by the other.
      clock: { ...systemClock, wallMs: () => this.clock.wallMs() },
      log: silentLog,
      host: '127.0.0.1',
      port: 0,
      isReady: () => this.isBrokerReady,
      pageDirectory: this.pageDirectory,
    };
  }

  static async start(): Promise<TestServer> {
    const db = await openTestDatabase();
    const listener = await openListener({ url: db.url, log: silentLog, clock: systemClock });
    const server = new TestServer(db, listener);
    mkdirSync(join(server.pageDirectory, 'assets'));
    writeFileSync(join(server.pageDirectory, 'index.html'), '<!doctype html><title>Rollcall</title>');
    writeFileSync(join(server.pageDirectory, 'assets', 'app-1a2b.js'), 'export {};');
    await server.#fill();
    const http = await createHttpServer(server.options);
    server.port = http.port;
    server.#stop = async () => {
      await http.stop();
      await listener.close();
      await db.close();
      rmSync(server.pageDirectory, { recursive: true, force: true });
    };
    return server;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #fill(): Promise<void> {
    const { knex } = this.db;
    await seedTestCampus(this.db, this.clock, testCampus(5));
    await knex('gateway').update({ secret_sha256: createHash('sha256').update('secret').digest() });
    this.goTo('09:55');
    await advanceSessions(knex, this.clock.wallMs());
    await storePunches(knex, [
      { rollNumber: rollNumber(0), at: at('10:01') },
      { rollNumber: rollNumber(1), at: at('10:07') },
      { rollNumber: rollNumber(2), at: at('10:02'), deviceId: 'c102', roomId: 'r102' },
    ]);
    this.goTo('10:10');
    await this.judge();
  }

  goTo(time: string): void {
    this.clock.stepWall(at(time).getTime() - this.clock.wallMs());
  }

  /** As the judge of another replica: it shares nothing with the server but the database. */
  judge(): Promise<number> {
    return createJudge({ db: this.db, clock: this.clock, log: silentLog }).run();
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Every answer is held to the published document, not to the code that wrote it. */
  async call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url(path), { method, ...init });
    const body: Body = await response.json();
    if (response.ok) documentedSchema(method, path.split('?')[0] ?? '').parse(body);
    else checkProblem(response, body);
    return { status: response.status, body, headers: response.headers };
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const init = { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    return this.call('POST', path, init);
  }

  async results(path: string): Promise<Body[]> {
    return (await this.get(path)).body.results;
  }

  async refusal(path: string): Promise<Body> {
    return (await this.get(path)).body;
  }

  async sessionOf(course: string): Promise<Body> {
    return (await this.results(`${API}/sessions/`)).find((session) => session.course.code === course);
  }
}

const document = openApiDocument(ROUTES, '3.1') as Body;

function documentedSchema(method: string, path: string): z.ZodType {
  for (const { contract } of ROUTES) {
    const pattern = new RegExp(`^${contract.path.replaceAll(/\{\w+\}/g, '[^/]+').replace(/\/$/, '/?')}$`);
    if (contract.method !== method.toLowerCase() || !pattern.test(path)) continue;
    const { schema } =
      document.paths[contract.path][contract.method].responses['200'].content['application/json'];
    return z.fromJSONSchema(schema);
  }
  throw new Error(`${method} ${path} is not in the document`);
}

function checkProblem(response: Response, body: Body): void {
  problemSchema.parse(body);
  const isLabelled = response.headers.get('content-type')?.includes(PROBLEM_CONTENT_TYPE) === true;
  if (!isLabelled || body.status !== response.status) {
    throw new Error(`the answer with status ${response.status} is no proper problem document`);
  }
}
