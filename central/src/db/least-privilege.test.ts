import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditKeys } from '../audit/audit-keys.js';
import { verifyAudit } from '../audit/verify-audit.js';
import { createScanQueue } from '../capture/qr-scan.js';
import { createHttpServer, type HttpServer } from '../http/server.js';
import { API, type Body, TestServer } from '../http/test-server.js';
import { startJobs } from '../jobs/boss.js';
import { JOBS } from '../jobs/registry.js';
import { runJob } from '../jobs/run-job.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { type Database, openDatabase } from './database.js';
import { migrate } from './migrate.js';

const SQL = new URL('../../packaging/least-privilege.sql', import.meta.url);
const role = `rollcall_app_${randomBytes(4).toString('hex')}`;

let server: TestServer;
let app: Database;
let http: HttpServer;
const keys = () => createAuditKeys(server.options.dataKeys);

beforeAll(async () => {
  server = await TestServer.start();
  const { knex, url } = server.db;
  await knex.raw(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' NOSUPERUSER NOCREATEDB NOCREATEROLE`);
  const sql = (await readFile(SQL, 'utf8')).replaceAll('rollcall_app', role);
  await knex.raw(sql);
  // After every update again: it may be repeated.
  await knex.raw(sql);
  const asApp = new URL(url);
  asApp.username = role;
  asApp.password = 'secret';
  app = await openDatabase({ url: asApp.href, log: silentLog });
  const judge = createJudge({ db: app, clock: server.clock, log: silentLog });
  const scans = createScanQueue({ knex: app.knex, log: silentLog, judge });
  http = await createHttpServer({ ...server.options, db: app, scans });
});
afterAll(async () => {
  await http?.stop();
  await app?.close();
  await server?.db.knex.raw(`DROP OWNED BY ${role} CASCADE`);
  await server?.db.knex.raw(`DROP ROLE ${role}`);
  await server?.stop();
});

describe("case 159: the role that central's DATABASE_URL names in production", () => {
  it.each([
    "UPDATE attendance_audit_log SET reason = 'x'",
    'DELETE FROM attendance_audit_log',
    'TRUNCATE attendance_audit_log',
    'ALTER TABLE attendance_audit_log DISABLE TRIGGER ALL',
    'DROP TRIGGER attendance_audit_log_append_only ON attendance_audit_log',
    'UPDATE audit_seal SET rows_sealed = 1',
    'DELETE FROM audit_seal',
    'DELETE FROM audit_tombstone',
    'DELETE FROM punch',
    'DELETE FROM punch_default',
    'UPDATE clock_anchor SET mono_ms = 0',
    'DELETE FROM gateway_event',
    'DELETE FROM knex_migrations',
    'CREATE TABLE mine (id integer)',
    "SET session_replication_role = 'replica'",
    'CREATE OR REPLACE FUNCTION keep_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
  ])('may not: %s', async (sql) => {
    await expect(app.knex.raw(sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  it('may not remove audit rows by saying that retention does', async () => {
    const work = app.knex.transaction(async (trx) => {
      await trx.raw("SET LOCAL rollcall.expiring_audit = 'on'");
      await trx.raw('DELETE FROM attendance_audit_log');
    });
    await expect(work).rejects.toThrow(/permission denied/);
    await expect(app.knex.raw('SELECT expire_audit(1, current_date)')).rejects.toThrow(/three years/);
  });

  it('can start where the owner has migrated', async () => {
    expect(await migrate(app)).toEqual([]);
  });

  it('can do all of the work: requests, judging, and every job', async () => {
    const { knex } = app;
    const headers = {
      ...(await server.authorization('faculty', { faculty: 'F001' })),
      'content-type': 'application/json',
      'idempotency-key': 'as-app',
    };
    const { id } = await server.sessionOf('CS301');
    const answer = await fetch(`http://127.0.0.1:${http.port}${API}/records/`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ session_id: id, student: rollNumber(3), mark: 'present', reason: 'seen by me' }),
    });
    expect([answer.status, ((await answer.json()) as Body).mark]).toEqual([201, 'present']);
    await storePunches(knex, [{ rollNumber: rollNumber(4), at: new Date('2026-07-07T10:02:00+05:30') }]);
    await createJudge({ db: app, clock: server.clock, log: silentLog }).run();
    expect((await server.results(`${API}/records/?student=${rollNumber(4)}`))[0].mark).toBe('present');
    server.clock.stepWall(200 * 86_400_000);
    for (const job of JOBS)
      await runJob(job, { db: app, clock: server.clock, log: silentLog, auditKeys: keys() });
    const failed = await knex('job_run').where({ outcome: 'failed' }).select('name', 'detail');
    expect(failed).toEqual([]);
    expect(await verifyAudit(knex, { keys: keys() })).toMatchObject({ isWhole: true });
    expect((await knex.raw("SELECT to_regclass('punch_2027_02') AS made")).rows[0].made).not.toBeNull();
  });

  it('can make the job queue', async () => {
    const jobs = await startJobs({ db: app, clock: systemClock, log: silentLog, auditKeys: keys() });
    await jobs.stop();
    expect((await app.knex.raw("SELECT to_regclass('pgboss.job') AS made")).rows[0].made).not.toBeNull();
  });
});
