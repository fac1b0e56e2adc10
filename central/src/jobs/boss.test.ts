import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { EXPORT_CHANNEL } from '../exports/create-export.js';
import { silentLog } from '../log.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';
import { SCHEDULER_CHANNEL } from '../sessions/wake-scheduler.js';
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

it('listens for what makes class sessions due at once, and no longer than it runs', async () => {
  const handlers = new Map<string, unknown>();
  const listener = {
    listen(channel: string, handler: unknown) {
      handlers.set(channel, handler);
      return () => handlers.delete(channel);
    },
  };
  const jobs = await startJobs({ db, clock: systemClock, log: silentLog, listener });
  expect([...handlers.keys()].sort()).toEqual([EXPORT_CHANNEL, ROSTER_CHANNEL, SCHEDULER_CHANNEL].sort());
  await jobs.stop();
  expect(handlers.size).toBe(0);
});
