import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExports } from '../exports/run-exports.js';
import { readPdf, rowsOfPdf } from '../exports/test-pdf.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { API, type Body, TestServer } from './test-server.js';

const month = {
  start_date: '2026-07-01',
  end_date: '2026-07-31',
  include_details: true,
  include_statistics: false,
  purpose: 'monthly register',
};
const NAMES = ['క్షేత్ర శ్రీనివాస్', 'क्षत्रिय द्वितीय', '=HYPERLINK("http://evil.example")', '\u202Eevil\u0007 name'];

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  for (const [index, name] of NAMES.entries()) {
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(index) })
      .update({ full_name: name });
  }
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
});
afterAll(() => server?.stop());

async function exported(body: object): Promise<{ job: Body; bytes: Buffer; type: string | null }> {
  const admin = server.as('admin');
  const { status, body: asked } = await admin.post(`${API}/export/data/`, { ...month, ...body });
  expect(status).toBe(202);
  await runExports({ db: server.db, clock: server.clock, log: silentLog, files: server.files });
  const job = (await admin.get(`${API}/export/jobs/${asked.id}/`)).body;
  expect(job).toMatchObject({ state: 'done', failure: null });
  const response = await fetch(server.url(job.file), { headers: await server.authorization('admin') });
  expect(response.status).toBe(200);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { job, bytes, type: response.headers.get('content-type') };
}

/** Without the apostrophe that keeps a spreadsheet from running a cell. */
const rowsOfCsv = (bytes: Buffer): string[][] =>
  (parse(bytes, { bom: true, comment: '#', comment_no_infix: true }) as string[][]).map((row) =>
    row.map((cell) => cell.replace(/^'(?=[=+\-@])/, '')),
  );

/** As a page shows it: nothing in it turns the direction or rings a bell. */
const seen = (rows: string[][]): string[][] =>
  rows.map((row) => row.map((cell) => cell.replace('\u202Eevil\u0007 name', 'evil name')));

describe('an export as PDF', () => {
  it('case 154: is written in the background, with names in their letters, and says whose it is', async () => {
    const { job, bytes, type } = await exported({ format: 'pdf' });
    expect(type).toBe('application/pdf');
    expect(bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-');
    expect(job).toMatchObject({ format: 'pdf', rows_written: 5, file_bytes: bytes.length });
    expect(job.file).toBe(`${API}/export/jobs/${job.id}/file/`);
    expect(job.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const { pages, texts } = readPdf(bytes);
    const whole = texts.map(({ text }) => text).join('');
    expect(pages).toBe(1);
    expect(whole).toContain(`Rollcall export ${job.id}: 2026-07-01 to 2026-07-31`);
    expect(whole).toMatch(/for .*admin.*: monthly register/);
    const names = rowsOfPdf(texts, 'Attendance').map((row) => row[8]);
    expect(names.slice(1, 5)).toEqual([NAMES[0], NAMES[1], NAMES[2], 'evil name']);
  });

  it('case 155: a register of a month has the rows of the CSV and the time at which they were right', async () => {
    const csv = await exported({ format: 'csv' });
    const pdf = await exported({ format: 'pdf' });
    const { texts } = readPdf(pdf.bytes);
    expect(rowsOfPdf(texts, 'Attendance')).toEqual(seen(rowsOfCsv(csv.bytes)));
    expect(pdf.job.rows_written).toBe(csv.job.rows_written);
    expect(pdf.job.as_of).toBe(new Date(server.clock.wallMs()).toISOString());
    expect(texts.map(({ text }) => text).join('')).toContain('as of 2026-07-07 10:10:00 +05:30');
  });

  it('case 155: its statistics are the numbers of the page, sheet after sheet', async () => {
    const { job, bytes } = await exported({ format: 'pdf', include_statistics: true });
    const { pages, texts } = readPdf(bytes);
    expect(pages).toBe(2);
    const [header = [], ...rows] = rowsOfPdf(texts, 'Statistics');
    const column = (name: string): number => header.indexOf(name);
    const shown = await server.results(`${API}/statistics/?course=CS301`);
    expect(rows).toHaveLength(5);
    expect(rows.map((row) => [row[0], row[column('Percentage')], row[column('Pending')]])).toEqual(
      shown.map((item) => [
        item.student.roll_number,
        item.attendance_percentage === null ? '' : String(item.attendance_percentage),
        String(item.pending_count),
      ]),
    );
    expect(job.rows_written).toBe(rows.length + rowsOfPdf(texts, 'Attendance').length - 1);
    const csv = await exported({ format: 'csv', include_details: false, include_statistics: true });
    expect([header, ...rows]).toEqual(seen(rowsOfCsv(csv.bytes)));
  });
});
