import { randomBytes } from 'node:crypto';
import { createTokens } from '@rollcall/central/auth/tokens';
import { createScanQueue } from '@rollcall/central/capture/qr-scan';
import type { Database } from '@rollcall/central/db/database';
import { openListener } from '@rollcall/central/db/listen';
import { createCommandSender } from '@rollcall/central/devices/commands';
import { createHttpServer } from '@rollcall/central/http/server';
import { silentLog } from '@rollcall/central/log';
import { createJudge } from '@rollcall/central/marks/judge';
import { seedCampus } from '@rollcall/central/seed/seed-campus';
import { CONTRIBUTED, COUNTERS, columns, KEY, SUMMED } from '@rollcall/central/statistics/counted';
import { createStatisticsKeeper } from '@rollcall/central/statistics/keeper';
import { systemClock } from '@rollcall/protocol/system-clock';
import { openDurableDatabase } from '../support/durable-postgres.js';
import { type Measured, percentile, round } from './measured.js';
import {
  COURSES,
  DEPARTMENT,
  DEPARTMENT_STUDENTS,
  LARGE_CLASS_STUDENTS,
  type Semester,
  semesterFile,
} from './semester-file.js';

const API = '/api/v1/attendance';
const SESSIONS_MIN = 7_000;
/** How often each dashboard is read. */
const READS = 40;
const DEPARTMENT_PATH = `${API}/statistics/overview/`;

/** A whole semester of one department: made over HTTP, undone, made again, and read as its dashboards read it. */
export async function measureSemester(): Promise<Measured> {
  const db = await openDurableDatabase();
  const listener = await openListener({ url: db.url, log: silentLog, clock: systemClock });
  const semester = semesterFile(Date.now());
  await seedCampus({ db, clock: systemClock, campusKey: randomBytes(32), bytes: semester.bytes });
  const tokenKey = { id: 'bench', bytes: randomBytes(32) };
  const http = await createHttpServer({
    db,
    listener,
    clock: systemClock,
    log: silentLog,
    tokenKeys: [tokenKey],
    dataKeys: [{ id: '0000be7c', bytes: randomBytes(32) }],
    cardHashKey: randomBytes(32),
    commands: createCommandSender({ clock: systemClock, publish: () => undefined }),
    host: '127.0.0.1',
    port: 0,
    isReady: () => true,
    scans: createScanQueue({
      knex: db.knex,
      log: silentLog,
      judge: createJudge({ db, clock: systemClock, log: silentLog }),
    }),
  });
  try {
    const caller = new Caller(http.port, await adminToken(db, tokenKey, 'admin'));
    const made = await makeSemester(caller, semester);
    const marks = await markAll(db);
    const classMs = await readClass(db, caller);
    await countAll(db);
    // Somebody else's budget of statistics.
    const departmentMs = await readDepartment(
      new Caller(http.port, await adminToken(db, tokenKey, 'principal')),
    );
    return {
      figures: {
        'seconds for a semester of 7,000 class sessions': round(made.madeMs / 1000),
        'dashboard p95 of a class of 70, ms': round(percentile(classMs, 95)),
        'dashboard p95 of a department of 600, ms': round(percentile(departmentMs, 95)),
      },
      raw: {
        'class sessions': made.sessions,
        'seconds to undo them as one job': round(made.undoneMs / 1000),
        'marks that the dashboard of the department sums up': marks,
      },
    };
  } finally {
    await http.stop();
    await listener.close();
    await db.close();
  }
}

class Caller {
  readonly #port: number;
  readonly #token: string;

  constructor(port: number, token: string) {
    this.#port = port;
    this.#token = token;
  }

  async call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Milliseconds until all of these, asked at once as a page does, are answered. */
  async read(paths: readonly string[]): Promise<number> {
    const startMs = performance.now();
    await Promise.all(paths.map((path) => this.call('GET', path)));
    return performance.now() - startMs;
  }
}

async function adminToken(
  { knex }: Database,
  key: { id: string; bytes: Buffer },
  login: string,
): Promise<string> {
  const { rows } = await knex.raw<{ rows: { account_id: string; login_session_id: string }[] }>(
    `WITH made AS (INSERT INTO account (login, display_name) VALUES (:login, :login) RETURNING id),
       granted AS (INSERT INTO account_role (account_id, role, valid_from)
         SELECT id, 'admin', now() - interval '1 day' FROM made)
     INSERT INTO login_session (account_id, refresh_sha256, expires_at)
     SELECT id, sha256(convert_to(:login, 'UTF8')), now() + interval '1 day' FROM made RETURNING id AS login_session_id, account_id`,
    { login },
  );
  const [made] = rows;
  if (made === undefined) throw new Error('an insert returned no row');
  const claims = { accountId: made.account_id, loginSessionId: made.login_session_id, generation: 0 };
  return (await createTokens([key], systemClock).issue(claims)).token;
}

interface Made {
  sessions: number;
  madeMs: number;
  undoneMs: number;
}

/** Domain case 76. */
async function makeSemester(caller: Caller, { from, to }: Semester): Promise<Made> {
  const startMs = performance.now();
  const { job_id: jobId, created } = await caller.call('POST', `${API}/sessions/generate/`, {
    start_date: from,
    end_date: to,
  });
  const madeMs = performance.now() - startMs;
  const sessions = Number(created);
  if (sessions < SESSIONS_MIN) throw new Error(`only ${sessions} class sessions were made`);
  const { cancelled } = await caller.call('POST', `${API}/session-jobs/${jobId}/undo/`);
  if (cancelled !== created) throw new Error(`${cancelled} of ${created} class sessions were cancelled`);
  return { sessions, madeMs, undoneMs: performance.now() - startMs - madeMs };
}

/** Everybody was present or late in every class of the semester; written at once, as nothing of it is measured. */
async function markAll({ knex }: Database): Promise<number> {
  await knex.raw(`UPDATE attendance_session SET status = 'finalized', status_reason = ''`);
  const marked = await knex.raw<{ rowCount: number }>(
    `INSERT INTO attendance_record (session_id, student_id, mark, marked_at, source, reason, attended_periods, derivation)
     SELECT s.id, m.student_id, CASE WHEN random() < 0.8 THEN 'present' ELSE 'late' END, s.start_at, 'rfid', 'ON_TIME', 1,
       '{"decisions": [], "used": [], "ignored": []}'
     FROM attendance_session s JOIN roster_membership m ON m.section_id = s.section_id`,
  );
  await knex.raw(
    `INSERT INTO session_tally (session_id, present, late)
     SELECT session_id, count(*) FILTER (WHERE mark = 'present'), count(*) FILTER (WHERE mark = 'late')
     FROM attendance_record GROUP BY session_id
     ON CONFLICT (session_id) DO UPDATE SET present = excluded.present, late = excluded.late`,
  );
  await knex.raw('VACUUM (ANALYZE)');
  return marked.rowCount;
}

/** Counted at once and not change by change, as nothing of it is measured; the keeper sums up the aggregates. */
async function countAll(db: Database): Promise<void> {
  const { knex } = db;
  await knex.raw(
    `INSERT INTO statistics_contribution (session_id, student_id, ${columns(CONTRIBUTED)})
     SELECT session_id, student_id, ${columns(CONTRIBUTED)} FROM statistics_due`,
  );
  await knex.raw(
    `INSERT INTO attendance_statistics (${columns(KEY)}, ${columns(COUNTERS)})
     SELECT ${columns(KEY)}, ${SUMMED} FROM (SELECT *, 1 AS sign FROM statistics_contribution) part GROUP BY ${columns(KEY)}`,
  );
  await knex.raw(
    `INSERT INTO statistics_todo (student_id, academic_period_id)
     SELECT DISTINCT student_id, academic_period_id FROM attendance_statistics`,
  );
  await createStatisticsKeeper({ db, clock: systemClock, log: silentLog }).run();
  await knex.raw('VACUUM (ANALYZE) attendance_statistics, aggregate_statistics');
}

/** What the page of one class asks for (domain case 165). */
async function readClass({ knex }: Database, caller: Caller): Promise<number[]> {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    "SELECT id FROM attendance_session WHERE section_id = 's-0' ORDER BY start_at LIMIT ?",
    [READS],
  );
  const tookMs: number[] = [];
  for (const { id } of rows) {
    const path = `${API}/sessions/${id}/`;
    tookMs.push(
      await caller.read([path, `${path}summary/`, `${path}records/?limit=${LARGE_CLASS_STUDENTS}`]),
    );
  }
  return tookMs;
}

/** What the page of the department asks for, when everybody of it has been counted: an empty page is fast. */
async function readDepartment(caller: Caller): Promise<number[]> {
  const path = `${DEPARTMENT_PATH}?department=${DEPARTMENT}`;
  const overview = await caller.call('GET', path);
  const { students } = overview['aggregate'] as { students: number };
  const { length: courses } = overview['courses'] as object[];
  if (students !== DEPARTMENT_STUDENTS || courses !== COURSES) {
    throw new Error(`${students} students and ${courses} courses are counted`);
  }
  const tookMs: number[] = [];
  for (let read = 0; read < READS; read++) tookMs.push(await caller.read([path]));
  return tookMs;
}
