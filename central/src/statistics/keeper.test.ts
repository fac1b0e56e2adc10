import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { createStatisticsKeeper } from './keeper.js';

const clock = new ManualClock(Date.UTC(2026, 6, 7, 4, 30));
let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, clock);
});
afterAll(() => db?.close());

/** Something to count: a student's period, which has no class session. */
async function queue(): Promise<void> {
  await db.knex.raw(
    `INSERT INTO statistics_todo (student_id, academic_period_id)
     SELECT st.id, p.id FROM student st, academic_period p LIMIT 1`,
  );
}

const waiting = async (): Promise<number> => (await db.knex('statistics_todo').select('id')).length;

it('counts at once what comes first, and what comes soon after together with what follows', async () => {
  const keeper = createStatisticsKeeper({ db, clock, log: silentLog });
  await queue();
  keeper.start();
  await vi.waitFor(async () => expect(await waiting()).toBe(0));
  await queue();
  keeper.wake();
  await queue();
  keeper.wake();
  expect(await waiting()).toBe(2);
  await vi.waitFor(async () => {
    clock.advance(200);
    expect(await waiting()).toBe(0);
  });
  await keeper.stop();
});

it('begins nothing after it was stopped', async () => {
  const keeper = createStatisticsKeeper({ db, clock, log: silentLog });
  keeper.start();
  await keeper.stop();
  await queue();
  keeper.wake();
  clock.advance(10_000);
  await keeper.stop();
  expect(await waiting()).toBe(1);
});
