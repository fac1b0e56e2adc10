import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '@rollcall/protocol/command';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import * as z from 'zod';
import type { RoleId } from '../auth/roles.js';
import { type Claims, createTokens } from '../auth/tokens.js';
import { createScanQueue } from '../capture/qr-scan.js';
import { openListener } from '../db/listen.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { createCommandSender } from '../devices/commands.js';
import { ExportFiles } from '../exports/export-files.js';
import { silentLog } from '../log.js';
import { createJudge, type Judge } from '../marks/judge.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber, seedTestCampus, TEST_CAMPUS_KEY, testCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { documentedPath, openApiDocument } from './openapi.js';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.js';
import { BUDGETS } from './rate-limits.js';
import { ROUTES } from './routes.js';
import { createHttpServer, type HttpServerOptions } from './server.js';

export const API = '/api/v1/attendance';

/** Tuesday 7 July 2026 on campus. */
export const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever JSON came back
export type Body = any;

/** A test makes in seconds what a person makes in an hour; the limits have a test of their own. */
const NO_LIMITS = Object.fromEntries(
  Object.keys(BUDGETS).map((name) => [name, { points: 1_000_000, duration: 1 }]),
) as typeof BUDGETS;

const TEST_TOKEN_KEY = { id: 'test', bytes: Buffer.alloc(32, 9) };

export interface Answer {
  status: number;
  body: Body;
  headers: Headers;
}

const DEAF_LISTENER = {
  listen: () => () => undefined,
  onReconnect: () => () => undefined,
  close: () => Promise.resolve(),
};

/**
 * For tests: central's HTTP side over a campus of five students at 10:10. In S1 the first is present, the
 * second late, the third tapped in another room; S2 is still to come.
 */
export class TestServer {
  readonly clock = new ManualClock(at('06:00').getTime());
  readonly pageDirectory = mkdtempSync(join(tmpdir(), 'rollcall-page-'));
  readonly exportsDirectory = mkdtempSync(join(tmpdir(), 'rollcall-exports-'));
  readonly files = new ExportFiles(this.exportsDirectory);
  readonly db: TestDatabase;
  readonly options: HttpServerOptions;
  /** What gateways were told to do. */
  readonly commands: (Command & { topic: string })[] = [];
  port = 0;
  isBrokerReady = true;
  readonly #people = new Map<string, Promise<TestAccount>>();
  #stop: () => Promise<void> = () => Promise.resolve();

  get #ownJudge(): Judge {
    return createJudge({ db: this.db, clock: this.clock, log: silentLog });
  }

  private constructor(db: TestDatabase, listener: HttpServerOptions['listener']) {
    this.db = db;
    this.options = {
      db,
      listener,
      // Streams gather changes by this clock; the state under test moves by the other.
      clock: { ...systemClock, wallMs: () => this.clock.wallMs() },
      log: silentLog,
      budgets: NO_LIMITS,
      tokenKeys: [TEST_TOKEN_KEY],
      cardHashKey: TEST_CAMPUS_KEY,
      dataKeys: [{ id: '0000da7a', bytes: Buffer.alloc(32, 5) }],
      commands: createCommandSender({
        clock: this.clock,
        publish: (topic, payload) => this.commands.push({ topic, ...JSON.parse(payload) }),
      }),
      host: '127.0.0.1',
      port: 0,
      isReady: () => this.isBrokerReady,
      pageDirectory: this.pageDirectory,
      files: this.files,
      scans: createScanQueue({ knex: db.knex, log: silentLog, judge: this.#ownJudge }),
    };
  }

  /** Deaf: hears no notification, as a replica in the moment before one reaches it. */
  static async start({ isDeaf = false } = {}): Promise<TestServer> {
    const db = await openTestDatabase();
    const listener = isDeaf
      ? DEAF_LISTENER
      : await openListener({ url: db.url, log: silentLog, clock: systemClock });
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
      for (const directory of [server.pageDirectory, server.exportsDirectory])
        rmSync(directory, { recursive: true, force: true });
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

  /** What another replica would say; this one has heard it when this resolves. */
  async notify(channel: string, payload: string): Promise<void> {
    const { knex } = this.db;
    if (this.options.listener === DEAF_LISTENER) throw new Error('a deaf server hears nothing');
    await new Promise<void>((resolve, reject) => {
      const stop = this.options.listener.listen(channel, (heard) => {
        if (heard !== payload) return;
        stop();
        resolve();
      });
      knex.raw('SELECT pg_notify(?, ?)', [channel, payload]).catch(reject);
    });
  }

  goTo(time: string): void {
    this.clock.stepWall(at(time).getTime() - this.clock.wallMs());
  }

  /** As the judge of another replica: it shares nothing with the server but the database. */
  judge(): Promise<number> {
    return this.#ownJudge.run();
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Somebody with this role; students, faculty and guardians are who they are in the campus. */
  as(role: RoleId, who: TestPerson = {}): TestCaller {
    return new TestCaller(this, role, who);
  }

  /** A real access token of an account with this role, made at first use; as fresh as the clock of the test. */
  async tokenOf(role: RoleId, who: TestPerson = {}): Promise<string> {
    const name = JSON.stringify([role, who]);
    let person = this.#people.get(name);
    if (person === undefined) {
      person = this.#makePerson(role, who);
      this.#people.set(name, person);
    }
    const { token } = await createTokens([TEST_TOKEN_KEY], this.clock).issue(await person);
    return token;
  }

  async authorization(role: RoleId = 'admin', who: TestPerson = {}): Promise<{ authorization: string }> {
    return { authorization: `Bearer ${await this.tokenOf(role, who)}` };
  }

  async #makePerson(role: RoleId, who: TestPerson): Promise<TestAccount> {
    const { knex } = this.db;
    const login = `${role}-${JSON.stringify(who).replaceAll(/[^A-Za-z0-9]+/g, '-')}`.toLowerCase();
    const student =
      who.student === undefined
        ? undefined
        : await knex('student').where({ roll_number: who.student }).first('id');
    const [account] = await knex('account')
      .insert({
        login,
        display_name: login,
        student_id: student?.id ?? null,
        faculty_code: who.faculty ?? null,
        guardian_id: who.guardian ?? null,
      })
      .onConflict('login')
      .merge(['display_name'])
      .returning('id');
    const hasRole = await knex('account_role').where({ account_id: account.id, role }).first('id');
    if (hasRole === undefined) {
      await knex('account_role').insert({
        account_id: account.id,
        role,
        department_id: who.department ?? null,
        section_id: who.section ?? null,
        valid_from: new Date(0),
      });
    }
    const [session] = await knex('login_session')
      .insert({
        account_id: account.id,
        refresh_sha256: randomBytes(32),
        expires_at: 'infinity',
      })
      .returning('id');
    return { accountId: account.id, loginSessionId: session.id, generation: 0 };
  }

  /**
   * Every answer is held to the published document, not to the code that wrote it. Without an Authorization
   * header of its own a call is the admin's.
   */
  async call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${await this.tokenOf('admin')}`);
    const response = await fetch(this.url(path), { ...init, method, headers });
    const body: Body = await response.json();
    if (response.ok) documentedSchema(method, path.split('?')[0] ?? '', response.status).parse(body);
    else checkProblem(response, body, { method, path: path.split('?')[0] ?? '' });
    return { status: response.status, body, headers: response.headers };
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  send(
    method: string,
    path: string,
    body: object = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const init = { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    return this.call(method, path, init);
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  patch(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PATCH', path, body, headers);
  }

  del(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('DELETE', path, { headers });
  }

  async results(path: string): Promise<Body[]> {
    return resultsOf(path, await this.get(path));
  }

  async refusal(path: string): Promise<Body> {
    return (await this.get(path)).body;
  }

  async sessionOf(course: string): Promise<Body> {
    return (await this.results(`${API}/sessions/`)).find((session) => session.course.code === course);
  }
}

type TestAccount = Omit<Claims, 'expiresMs'>;

/** Who somebody is besides a role. */
export interface TestPerson {
  /** Roll number. */
  student?: string;
  /** Code. */
  faculty?: string;
  /** Id. */
  guardian?: string;
  /** What a head of department heads. */
  department?: string;
  /** What a mentor mentors. */
  section?: string;
}

/** Calls as one person. */
export class TestCaller {
  private readonly server: TestServer;
  private readonly role: RoleId;
  private readonly who: TestPerson;

  constructor(server: TestServer, role: RoleId, who: TestPerson) {
    this.server = server;
    this.role = role;
    this.who = who;
  }

  async #headers(more: Record<string, string>): Promise<Record<string, string>> {
    return { ...(await this.server.authorization(this.role, this.who)), ...more };
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.server.call('GET', path, { headers: await this.#headers(headers) });
  }

  async post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.server.send('POST', path, body, await this.#headers(headers));
  }

  async patch(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.server.send('PATCH', path, body, await this.#headers(headers));
  }

  async put(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.server.send('PUT', path, body, await this.#headers(headers));
  }

  async del(path: string, headers: Record<string, string> = {}, body?: object): Promise<Answer> {
    const all = await this.#headers(headers);
    if (body !== undefined) return this.server.send('DELETE', path, body, all);
    return this.server.call('DELETE', path, { headers: all });
  }

  async results(path: string): Promise<Body[]> {
    return resultsOf(path, await this.get(path));
  }
}

/** A refused list is said to be one where it is read, not where its first row is missing. */
function resultsOf(path: string, { status, body }: Answer): Body[] {
  if (status !== 200) throw new Error(`GET ${path} was answered with ${status} ${body.code}`);
  return body.results;
}

const document = openApiDocument(ROUTES, '3.1') as Body;

function documentedSchema(method: string, path: string, status: number): z.ZodType {
  const answers = documentedAnswers(method, path);
  if (answers === undefined) throw new Error(`${method} ${path} is not in the document`);
  return z.fromJSONSchema(answers[status].content['application/json'].schema);
}

/** What the document says that a call can be answered with, by status; undefined for what it does not have. */
function documentedAnswers(method: string, path: string): Record<number, Body> | undefined {
  for (const { contract } of ROUTES) {
    const pattern = new RegExp(`^${contract.path.replaceAll(/\{\w+\}/g, '[^/]+').replace(/\/$/, '/?')}$`);
    if (contract.method !== method.toLowerCase() || !pattern.test(path)) continue;
    return document.paths[documentedPath(contract)][contract.method].responses;
  }
  return undefined;
}

function checkProblem(response: Response, body: Body, call: { method: string; path: string }): void {
  problemSchema.parse(body);
  const isLabelled = response.headers.get('content-type')?.includes(PROBLEM_CONTENT_TYPE) === true;
  if (!isLabelled || body.status !== response.status) {
    throw new Error(`the answer with status ${response.status} is no proper problem document`);
  }
  const { method, path } = call;
  const documented = documentedAnswers(method, path);
  if (documented === undefined) {
    if (['NOT_FOUND', 'METHOD_NOT_ALLOWED'].includes(body.code)) return;
  } else if (documented[body.status]?.description.split(', ').includes(body.code) === true) return;
  throw new Error(`${method} ${path} answers ${body.status} ${body.code}, which the document does not name`);
}
