import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsAt } from '../calendar/settings.js';
import { type Database, openDatabase } from '../db/database.js';
import { TestServer } from '../http/test-server.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { foldStatistics } from '../statistics/fold.js';
import { createScanQueue } from './qr-scan.js';

/** Classes that were held before, each with a mark and a scan of every student. */
const CLASSES = 300;
/** Rows that one scan may look at in any table: a few of its class and its student. */
const ROWS_MAX = 60;

let server: TestServer;
/** One connection, so that what it has planned is what runs. */
let own: Database;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  await own?.close();
  await server?.stop();
});

async function fillTerm(): Promise<void> {
  const { knex } = server.db;
  await knex.raw(
    `WITH held AS (
       INSERT INTO attendance_session (academic_period_id, section_id, course_code, faculty_code, room_id,
         scheduled_date, start_at, end_at, policy, reach_from, reach_until, status)
       SELECT academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date - n, start_at - n * interval '1 day',
         end_at - n * interval '1 day', policy, reach_from - n * interval '1 day', reach_until - n * interval '1 day', 'closed'
       FROM (SELECT * FROM attendance_session WHERE status = 'open' LIMIT 1) s, generate_series(1, ?) n
       RETURNING id
     ), tallied AS (INSERT INTO session_tally (session_id) SELECT id FROM held
     ), marked AS (
       INSERT INTO attendance_record (session_id, student_id, mark, source, reason, derivation, updated_at)
       SELECT held.id, student.id, 'absent', 'system', 'NOT_CAPTURED', '{}', now() FROM held, student
     )
     INSERT INTO qr_scan (session_id, student_id, scanned_at, outcome)
     SELECT held.id, student.id, now(), 'accepted' FROM held, student`,
    [CLASSES],
  );
}

/** Rows that statements have read since, by table. */
async function rowsRead(): Promise<Record<string, number>> {
  await own.knex.raw('SELECT pg_stat_force_next_flush()');
  await own.knex.raw('SELECT 1');
  const { rows } = await server.db.knex.raw<{ rows: { name: string; n: number }[] }>(
    `SELECT t.relname AS name, coalesce(t.seq_tup_read, 0) + coalesce(sum(i.idx_tup_read), 0) AS n
     FROM pg_stat_user_tables t LEFT JOIN pg_stat_user_indexes i USING (relid) GROUP BY t.relid, t.relname, t.seq_tup_read`,
  );
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

describe('a connection of the thread of the marks', () => {
  it('reads a few rows of each table for a scan and its repeat, although its plans are from when there was nothing', async () => {
    own = await openDatabase({ url: server.db.url, log: silentLog, poolMax: 1, isByIndex: true });
    const { knex } = server.db;
    const { id: sessionId } = await server.sessionOf('CS301');
    await knex('attendance_session').where({ id: sessionId }).update({ status: 'open' });
    const students: string[] = await knex('student').orderBy('roll_number').pluck('id');
    const settings = await settingsAt(knex, { atMs: server.clock.wallMs() });
    const judge = createJudge({ db: own, clock: server.clock, log: silentLog });
    const queue = createScanQueue({ knex: own.knex, log: silentLog, judge });
    const scan = async (index: number): Promise<void> => {
      await queue.scan({
        sessionId,
        studentId: students[index] ?? '',
        atMs: server.clock.wallMs(),
        deviceHash: String(index).repeat(64),
        position: undefined,
        ip: '203.0.113.7',
        actor: { accountId: null, role: 'student', ip: '', userAgent: '', requestId: '' },
        settings,
      });
      await foldStatistics(own.knex, 100, server.clock.wallMs());
    };
    await scan(3);
    await fillTerm();
    await knex('statistics_todo').delete();
    for (const _ of ['taken', 'already recorded']) {
      const before = await rowsRead();
      await scan(4);
      const after = await rowsRead();
      const read = Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)] as const);
      expect(read.filter(([, n]) => n > ROWS_MAX)).toEqual([]);
      expect(read.find(([name]) => name === 'attendance_record')?.[1]).toBeGreaterThan(0);
    }
  });
});
