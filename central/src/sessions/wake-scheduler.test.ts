import { ManualClock } from '@rollcall/protocol/manual-clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Listener, openListener } from '../db/listen.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { claimWatermark, promoteClaims } from '../devices/watermark.js';
import { silentLog } from '../log.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';
import { SCHEDULER_CHANNEL } from './wake-scheduler.js';

/** Tuesday 7 July 2026 on campus; the first class ends at 10:50 and closes at 10:55. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
const DONE = 'done';

let db: TestDatabase;
let listener: Listener;
let heard: string[];

beforeAll(async () => {
  db = await openTestDatabase();
  listener = await openListener({ url: db.url, log: silentLog, clock: systemClock });
  listener.listen(SCHEDULER_CHANNEL, (payload) => heard.push(payload));
  const clock = new ManualClock(at('06:00').getTime());
  await seedTestCampus(db, clock);
  await advanceSessions(db.knex, at('10:56').getTime());
});
afterAll(async () => {
  await listener?.close();
  await db?.close();
});
beforeEach(() => {
  heard = [];
});

/** A health report of both readers of the room with nothing waiting in its store. */
async function reportThrough(devices: Record<string, string>, asOf: string): Promise<void> {
  await db.knex.transaction(async (trx) => {
    await claimWatermark(trx, 'gw-a', {
      store_id: '018f0000-0000-7000-8000-000000000001',
      head_seq: 0,
      as_of: at(asOf).toISOString(),
      devices: Object.entries(devices).map(([device_id, time]) => ({
        device_id,
        state: 'ready',
        complete_through: at(time).toISOString(),
        last_frame_at: null,
      })),
    } as never);
    await trx.raw(
      `INSERT INTO gateway_store (gateway_id, store_id) VALUES ('gw-a', '018f0000-0000-7000-8000-000000000001')
       ON CONFLICT DO NOTHING`,
    );
    await promoteClaims(trx, ['gw-a']);
  });
}

it('is called when the last device of a room has reported past the end of a closed class, and only then', async () => {
  await reportThrough({ c101: '10:54', f101: '10:54' }, '10:54');
  await reportThrough({ c101: '10:56' }, '10:56');
  // Exactly the end is not past it.
  await reportThrough({ f101: '10:55' }, '10:57');
  await reportThrough({ f101: '10:55:01' }, '10:58');
  await db.knex.raw('SELECT pg_notify(?, ?)', [SCHEDULER_CHANNEL, DONE]);
  await vi.waitFor(() => expect(heard).toContain(DONE));
  expect(heard).toEqual(['', DONE]);
  expect((await advanceSessions(db.knex, at('10:59').getTime())).finalized).toBe(1);
});

it('is left alone when watermarks move and nothing waits for them', async () => {
  await reportThrough({ c101: '11:00', f101: '11:00' }, '11:00');
  await db.knex.raw('SELECT pg_notify(?, ?)', [SCHEDULER_CHANNEL, DONE]);
  await vi.waitFor(() => expect(heard).toContain(DONE));
  expect(heard).toEqual([DONE]);
});
