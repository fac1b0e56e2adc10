import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasCode } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { settingsAt } from '../calendar/settings.js';
import type { Scan } from '../capture/qr-verdict.js';
import { at, TestServer } from '../http/test-server.js';
import { type Log, silentLog } from '../log.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { type MarkingThread, startMarkingThread } from './marking-thread.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

const keeping = (lines: object[]): Log => ({
  ...silentLog,
  error: (fields: object | string, message?: string) => lines.push({ fields, message }),
});

async function scanOf(index: number, change: Partial<Scan> = {}): Promise<Scan> {
  const { knex } = server.db;
  const { id: sessionId } = await server.sessionOf('CS301');
  const students: string[] = await knex('student').orderBy('roll_number').pluck('id');
  return {
    sessionId,
    studentId: students[index] ?? '',
    atMs: server.clock.wallMs(),
    deviceHash: String(index).repeat(64),
    position: undefined,
    ip: '203.0.113.7',
    actor: { accountId: 'of a student', role: 'student', ip: '', userAgent: '', requestId: 'r-1' },
    settings: await settingsAt(knex, { atMs: server.clock.wallMs() }),
    ...change,
  };
}

describe('the thread of the marks', () => {
  let thread: MarkingThread;
  const judged: number[] = [];
  const lines: object[] = [];
  beforeAll(async () => {
    thread = await startMarkingThread({
      databaseUrl: server.db.url,
      clock: systemClock,
      log: keeping(lines),
      onJudged: (pairs) => judged.push(pairs),
    });
  });
  afterAll(() => thread?.stop());

  it('takes a scan and answers as the queue of this thread would', async () => {
    const scanned = await thread.scans.scan(await scanOf(3));
    expect(scanned).toMatchObject({ course: { code: 'CS301' }, mark: 'late', alreadyRecorded: false });
    expect(scanned.markedAt).toEqual(new Date(server.clock.wallMs()));
  });

  it('refuses by typed errors, and each its own of those that came together', async () => {
    const [mine, theirs] = await Promise.allSettled([
      thread.scans.scan(await scanOf(3)),
      thread.scans.scan(await scanOf(4, { deviceHash: '3'.repeat(64) })),
    ]);
    expect(mine).toMatchObject({ value: { alreadyRecorded: true } });
    expect(theirs.status === 'rejected' && hasCode(theirs.reason, 'DEVICE_ALREADY_USED')).toBe(true);
  });

  it('tells what PostgreSQL refused with its code, for one scan alone', async () => {
    const refused = thread.scans.scan(await scanOf(4, { ip: '\u0000' }));
    await expect(refused).rejects.toMatchObject({ code: '22P05' });
  });

  it('judges punches as soon as they are committed, and says how many', async () => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:03') }]);
    await server.db.knex.raw("SELECT pg_notify('rollcall_judge', '')");
    await vi.waitFor(async () => {
      const record = server.db.knex('attendance_record').join('student', 'student.id', 'student_id');
      expect(await record.where({ roll_number: rollNumber(4) }).first('mark')).toEqual({ mark: 'present' });
    });
    await vi.waitFor(() => expect(judged.length).toBeGreaterThan(0));
  });

  it('writes to the log of central', async () => {
    await server.db.knex.raw('ALTER TABLE judgement_todo RENAME TO judgement_away');
    await server.db.knex.raw("SELECT pg_notify('rollcall_judge', '')");
    await vi.waitFor(() =>
      expect(lines).toContainEqual({
        fields: { err: expect.objectContaining({ code: '42P01' }) },
        message: 'judging failed; it is tried again',
      }),
    );
    await server.db.knex.raw('ALTER TABLE judgement_away RENAME TO judgement_todo');
  });
});

describe('a thread that cannot do its work', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-thread-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('ends the start of central with the error that says what to do', async () => {
    const clock = new ManualClock();
    const databaseUrl = 'postgres://nobody:wrong@127.0.0.1:9/nothing';
    const started = startMarkingThread({ databaseUrl, clock, log: silentLog });
    await expect(started).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    // Nothing begins it again behind the back of whoever was told.
    expect(clock.pendingTimers).toBe(0);
  });

  it('that ends before it began ends the start, too', async () => {
    const file = join(directory, 'absent.mjs');
    const clock = new ManualClock();
    const options = { databaseUrl: '', clock, log: silentLog, file: pathToFileURL(file) };
    await expect(startMarkingThread(options)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is started again when it dies; whoever had scanned is asked to scan again', async () => {
    const file = join(directory, 'dies.mjs');
    writeFileSync(
      file,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ kind }) => {
         if (kind === 'scan') throw new Error('a fault of its own');
         parentPort.close();
       });
       parentPort.postMessage({ kind: 'ready' });`,
    );
    const clock = new ManualClock();
    const lines: object[] = [];
    const thread = await startMarkingThread({
      databaseUrl: '',
      clock,
      log: keeping(lines),
      file: pathToFileURL(file),
    });
    const scan = await scanOf(0);
    const again = { code: 'OVERLOADED', message: expect.stringContaining('scan again') };
    await expect(thread.scans.scan(scan)).rejects.toMatchObject(again);
    // Until it is back nobody waits for it.
    await expect(thread.scans.scan(scan)).rejects.toMatchObject(again);
    await vi.waitFor(() => expect(clock.pendingTimers).toBe(1));
    clock.advance(1_000);
    await expect(thread.scans.scan(scan)).rejects.toMatchObject(again);
    expect(lines).toHaveLength(1);
    await thread.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
