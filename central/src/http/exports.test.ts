import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expireExports } from '../exports/expire-exports.js';
import { runExports } from '../exports/run-exports.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { BUDGETS } from './rate-limits.js';
import { createHttpServer } from './server.js';
import { API, type Body, TestServer } from './test-server.js';

const DATA = `${API}/export/data/`;
const JOBS = `${API}/export/jobs/`;
const wanted = {
  format: 'csv',
  start_date: '2026-07-01',
  end_date: '2026-07-31',
  course_sections: [],
  students: [],
  include_details: true,
  include_statistics: false,
  purpose: 'monthly register',
};
/** A name that a spreadsheet would run, and one that needs shaping. */
const FORMULA = '=HYPERLINK("http://evil.example","మీ హాజరు")';
const TELUGU = 'క్షేత్ర శ్రీనివాస్';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('student')
    .where({ roll_number: rollNumber(0) })
    .update({ full_name: FORMULA });
  await knex('student')
    .where({ roll_number: rollNumber(1) })
    .update({ full_name: TELUGU });
  await knex('faculty').insert({ code: 'F002', full_name: 'Dr Devi' });
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
});
afterAll(() => server?.stop());
beforeEach(() => server.db.knex('export_job').delete());

const context = () => ({ db: server.db, clock: server.clock, log: silentLog, files: server.files });
const run = (): Promise<number> => runExports(context());

type Caller = ReturnType<TestServer['as']>;
const admin = (): Caller => server.as('admin');

async function exported(body: object, caller = admin()): Promise<{ job: Body; bytes: Buffer }> {
  const { status, body: asked } = await caller.post(DATA, { ...wanted, ...body });
  expect(status).toBe(202);
  expect(asked).toMatchObject({ state: 'queued', file: null });
  await run();
  const job = (await caller.get(`${JOBS}${asked.id}/`)).body;
  expect(job).toMatchObject({ state: 'done', failure: null });
  return { job, bytes: await download(job.file) };
}

async function download(path: string): Promise<Buffer> {
  const response = await fetch(server.url(path), { headers: await server.authorization('admin') });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

const rowsOf = (bytes: Buffer): string[][] =>
  parse(bytes, { bom: true, comment: '#', comment_no_infix: true });

describe('an export (case 154)', () => {
  it('A10.26: is a file of every mark, with who asked for it and why, and its sum', async () => {
    const { job, bytes } = await exported({});
    const [comment = ''] = bytes.toString('utf8').split('\r\n');
    expect(comment).toContain(`# Rollcall export ${job.id}: 2026-07-01 to 2026-07-31`);
    expect(comment).toContain('monthly register');
    expect(comment).toContain('admin');
    const [header, ...rows] = rowsOf(bytes);
    expect(header?.slice(0, 4)).toEqual(['Date', 'Start', 'End', 'Course']);
    expect(rows).toHaveLength(5);
    expect(rows[1]?.slice(0, 14)).toEqual([
      '2026-07-07',
      '10:00',
      '10:50',
      'CS301',
      'Database Systems',
      'CSE-A',
      'Dr Rao',
      rollNumber(1),
      TELUGU,
      'late',
      'L',
      '10:07:00',
      'rfid',
      'LATE',
    ]);
    expect(job).toMatchObject({ rows_written: 5, file_bytes: bytes.length });
    expect(job.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('without a purpose, as the seed asks for it, says on the file that none was stated (A5)', async () => {
    const { job, bytes } = await exported({ purpose: undefined });
    expect(job.purpose).toBe('not stated');
    expect(bytes.toString('utf8').split('\r\n')[0]).toContain('not stated');
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: job.id }).first('reason');
    expect(audit.reason).toBe('not stated');
  });

  it('writes no cell that a spreadsheet would run', async () => {
    const { bytes } = await exported({ include_statistics: true });
    const rows = rowsOf(bytes);
    expect(rows[1]?.[8]).toBe(`'${FORMULA}`);
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    // The purpose stands in the comment, where a line break would end it.
    const hostile = await exported({ purpose: 'audit\r\n=cmd()' });
    expect(hostile.bytes.toString('utf8').split('\r\n')[1]).toMatch(/^Date,/);
  });

  it('case 155: has the numbers of the page', async () => {
    const { job, bytes } = await exported({ include_details: false, include_statistics: true });
    const [header = [], ...rows] = rowsOf(bytes);
    const shown = await server.results(`${API}/statistics/?course=CS301`);
    const column = (name: string): number => header.indexOf(name);
    expect(rows.map((row) => [row[0], row[column('Percentage')], row[column('Pending')]])).toEqual(
      shown.map((item) => [
        item.student.roll_number,
        item.attendance_percentage === null ? '' : String(item.attendance_percentage),
        String(item.pending_count),
      ]),
    );
    expect(job.as_of).toBe(new Date(server.clock.wallMs()).toISOString());
    const both = await exported({ include_statistics: true });
    const [titles = [], first = []] = rowsOf(both.bytes);
    expect(first[titles.indexOf('Course percentage')]).toBe('100');
  });

  it('as a workbook has a sheet for each, with text as text', async () => {
    const { bytes } = await exported({ format: 'excel', include_statistics: true });
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.load(bytes as never);
    expect(workbook.worksheets.map(({ name }) => name)).toEqual(['Statistics', 'Attendance']);
    const details = workbook.getWorksheet('Attendance');
    expect(details?.getCell('A1').text).toContain('monthly register');
    expect(details?.getCell('I3').type).toBe(ExcelJS.ValueType.String);
    expect(details?.getCell('I3').value).toBe(FORMULA);
    expect(details?.getCell('I4').value).toBe(TELUGU);
    expect(details?.rowCount).toBe(7);
    expect(workbook.getWorksheet('Statistics')?.getCell('M3').value).toBe(100);
  });

  it('has whom the request names and nobody else', async () => {
    const one = await exported({ students: [rollNumber(1)] });
    expect(
      rowsOf(one.bytes)
        .slice(1)
        .map((row) => row[7]),
    ).toEqual([rollNumber(1)]);
    const none = await exported({ course_sections: ['nowhere'] });
    expect(none.job.rows_written).toBe(0);
    const earlier = await exported({ end_date: '2026-07-06' });
    expect(earlier.job.rows_written).toBe(0);
  });

  it('is audited when it is asked for, finished and fetched', async () => {
    const { job } = await exported({});
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'export_job', entity_id: job.id })
      .orderBy('id');
    expect(rows.map(({ action, actor_role, reason }) => [action, actor_role, reason])).toEqual([
      ['export_data', 'admin', 'monthly register'],
      ['finish', null, ''],
      ['export_download', 'admin', 'monthly register'],
    ]);
    expect(rows[0].after).toMatchObject({ format: 'csv', start_date: '2026-07-01' });
  });
});

describe('who exports what', () => {
  it('case 157: has only the classes of whoever asked, also when the role has gone since', async () => {
    const taught = await exported({}, server.as('faculty', { faculty: 'F001' }));
    expect(taught.job.rows_written).toBe(5);
    const stranger = server.as('faculty', { faculty: 'F002' });
    const { body } = await stranger.post(DATA, { ...wanted, include_statistics: true });
    const account = await server.db.knex('export_job').where({ id: body.id }).first('requested_by');
    const roles = { account_id: account.requested_by };
    await server.db.knex('account_role').where(roles).update({ role: 'admin' });
    await run();
    await server.db.knex('account_role').where(roles).update({ role: 'faculty' });
    expect((await admin().get(`${JOBS}${body.id}/`)).body).toMatchObject({ state: 'done', rows_written: 0 });
  });

  it('case 156: is seen and fetched by who asked for it and an admin; others get 404', async () => {
    const mine = server.as('faculty', { faculty: 'F001' });
    const { job } = await exported({}, mine);
    expect(await mine.results(JOBS)).toHaveLength(1);
    expect(await admin().results(JOBS)).toHaveLength(1);
    const other = server.as('principal');
    expect(await other.results(JOBS)).toEqual([]);
    for (const path of [`${JOBS}${job.id}/`, `${JOBS}${job.id}/file/`]) {
      expect(await other.get(path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
    expect((await server.as('student', { student: rollNumber(0) }).post(DATA, wanted)).status).toBe(403);
    expect((await server.as('auditor').get(JOBS)).status).toBe(403);
  });

  it('A9: five an hour for one account', async () => {
    const limited = await createHttpServer({
      ...server.options,
      budgets: { ...server.options.budgets, ...BUDGETS },
    });
    try {
      const headers = { ...(await server.authorization('dean')), 'content-type': 'application/json' };
      const ask = () =>
        fetch(`http://127.0.0.1:${limited.port}${DATA}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(wanted),
        });
      const statuses: number[] = [];
      for (let tries = 0; tries < 6; tries += 1) statuses.push((await ask()).status);
      expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
    } finally {
      await limited.stop();
    }
  });

  it.each([
    ['format', { format: 'docx' }],
    ['purpose', { purpose: ' ' }],
    ['end_date', { start_date: '2026-08-01' }],
    ['end_date', { end_date: '2030-01-01' }],
    ['end_date', { end_date: '2026-02-30' }],
    ['include_statistics', { include_details: false }],
    ['students', { students: [7] }],
    ['students', { students: Array.from({ length: 501 }, () => 'x') }],
    ['sql', { sql: 'DROP TABLE student' }],
  ])('refuses a wrong %s and names it', async (field, wrong) => {
    const { status, body } = await admin().post(DATA, { ...wanted, ...wrong });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'REQUEST_INVALID' });
    expect(body.detail).toContain(field);
    expect(await server.db.knex('export_job')).toEqual([]);
  });
});

describe('an export that is cut off', () => {
  const queued = async (): Promise<string> => (await admin().post(DATA, wanted)).body.id;
  const stateOf = async (id: string): Promise<Body> => (await admin().get(`${JOBS}${id}/`)).body;

  it('is written anew after a kill, whole', async () => {
    const id = await queued();
    await server.db.knex('export_job').where({ id }).update({ state: 'running', attempts: 1 });
    writeFileSync(join(server.exportsDirectory, `${id}.csv.part`), 'half of');
    expect(await admin().get(`${JOBS}${id}/file/`)).toMatchObject({
      status: 409,
      body: { code: 'EXPORT_NOT_READY' },
    });
    expect(await run()).toBe(1);
    expect(await stateOf(id)).toMatchObject({ state: 'done', rows_written: 5 });
    expect(readdirSync(server.exportsDirectory).filter((name) => name.startsWith(id))).toEqual([`${id}.csv`]);
  });

  it('is written once by replicas that run at once', async () => {
    const ids = [await queued(), await queued()];
    const finished = await Promise.all([run(), run(), run()]);
    expect(finished.reduce((sum, count) => sum + count, 0)).toBe(2);
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'done' });
    const audited = await server.db
      .knex('attendance_audit_log')
      .whereIn('entity_id', ids)
      .where({ action: 'finish' });
    expect(audited).toHaveLength(2);
  });

  it('fails for good when it never ends, and says so', async () => {
    const id = await queued();
    await server.db.knex('export_job').where({ id }).update({ state: 'running', attempts: 3 });
    expect(await run()).toBe(0);
    expect(await stateOf(id)).toMatchObject({ state: 'failed', file: null });
    expect(await admin().get(`${JOBS}${id}/file/`)).toMatchObject({
      status: 409,
      body: { code: 'EXPORT_FAILED' },
    });
  });

  it('that fails says nothing of SQL or folders to whoever asked for it', async () => {
    const id = await queued();
    const { request } = await server.db.knex('export_job').where({ id }).first('request');
    await server.db
      .knex('export_job')
      .where({ id })
      .update({ request: JSON.stringify({ ...request, start_date: 'no date' }), attempts: 2 });
    await run();
    const job = await server.db.knex('export_job').where({ id }).first('state', 'failure');
    expect(job).toEqual({
      state: 'failed',
      failure: 'The export could not be written; the log of central says why',
    });
  });

  it('is gone after a week, its row is not', async () => {
    const { job } = await exported({});
    server.clock.stepWall(8 * 86_400_000);
    expect(await expireExports(context())).toBe(1);
    expect(await stateOf(job.id)).toMatchObject({ state: 'expired', file: null, sha256: job.sha256 });
    expect(await admin().get(`${JOBS}${job.id}/file/`)).toMatchObject({
      status: 410,
      body: { code: 'EXPORT_GONE' },
    });
    server.clock.stepWall(-8 * 86_400_000);
    expect((await admin().get(`${JOBS}${randomUUID()}/file/`)).status).toBe(404);
  });
});
