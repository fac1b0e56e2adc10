import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { startJobs } from './boss.js';
import { JOBS } from './registry.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());

it('runs every job at start, in two replicas at once, and stops', async () => {
  const replicas = await Promise.all([1, 2].map(() => startJobs({ db, clock: systemClock, log: silentLog })));
  try {
    await vi.waitFor(
      async () => {
        const done = await db.knex('job_run').where({ outcome: 'done' }).pluck('name');
        expect(done.sort()).toEqual(JOBS.map(({ name }) => name).sort());
      },
      { timeout: 20_000, interval: 200 },
    );
  } finally {
    await Promise.all(replicas.map((jobs) => jobs.stop()));
  }
});
