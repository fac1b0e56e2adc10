import { ManualClock } from '@rollcall/protocol/manual-clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { NotificationHandler } from '../db/listen.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
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

it('looks at the class sessions as soon as a watermark ends the wait of one', async () => {
  const handlers = new Map<string, NotificationHandler>();
  const listener = {
    listen(channel: string, handler: NotificationHandler) {
      handlers.set(channel, handler);
      return () => handlers.delete(channel);
    },
  };
  // Neither its timers nor its wall clock move: only the notification can start the second run.
  const clock = new ManualClock(Date.UTC(2026, 6, 7));
  const jobs = await startJobs({ db, clock, log: silentLog, listener });
  const lastRun = async (): Promise<Date | undefined> =>
    (await db.knex('job_run').where({ name: 'advance-sessions', outcome: 'done' }).first())?.finished_at;
  const hasRunAt = (ms: number) =>
    vi.waitFor(async () => expect(await lastRun()).toEqual(new Date(ms)), { timeout: 20_000, interval: 100 });
  try {
    await hasRunAt(clock.wallMs());
    clock.stepWall(5_000);
    handlers.get(SCHEDULER_CHANNEL)?.('');
    await hasRunAt(clock.wallMs());
  } finally {
    await jobs.stop();
  }
});
