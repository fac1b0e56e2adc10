import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';
import { changeSession } from './change-session.js';

/** Tuesday 7 July 2026 on campus; the first class goes on from 10:00 to 10:50. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
/** Nobody waits longer for a lock here than it takes to see that it is one. */
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '200ms'";

let db: TestDatabase;
let sessionId: string;

beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, new ManualClock(at('06:00').getTime()));
  await advanceSessions(db.knex, at('09:55').getTime());
  const open = await db.knex('attendance_session').where({ status: 'open' }).first<{ id: string }>('id');
  sessionId = open.id;
});
afterAll(() => db?.close());

/** While one of its students' marks is being written: the judge holds its tally, and by its foreign keys the class. */
async function whileMarksAreWritten(act: () => Promise<void>): Promise<void> {
  await db.knex.transaction(async (judging: Knex) => {
    await judging.raw('SELECT FROM attendance_session WHERE id = ?::uuid FOR KEY SHARE', [sessionId]);
    await judging('session_tally').where({ session_id: sessionId }).update({ pending: 1 });
    await act();
  });
}

async function close(): Promise<void> {
  await db.knex.transaction(async (trx) => {
    await trx.raw(LOCK_TIMEOUT);
    await changeSession(trx, {
      sessionId,
      action: 'close',
      nowMs: at('10:20').getTime(),
      actor: { performedBy: null, source: 'manual' },
      authority: 'faculty',
    });
  });
}

const statusNow = async (): Promise<string> =>
  (await db.knex('attendance_session').where({ id: sessionId }).first<{ status: string }>('status')).status;

it('a person who changes a class and the judge who writes its marks do not wait for each other', async () => {
  await whileMarksAreWritten(close);
  expect(await statusNow()).toBe('closed');
});

it('two who change one class still take turns', async () => {
  await db.knex.transaction(async (first) => {
    await first('attendance_session').where({ id: sessionId }).update({ notes: 'being changed' });
    await expect(close()).rejects.toThrow(/lock timeout/);
  });
  expect(await statusNow()).toBe('closed');
});
