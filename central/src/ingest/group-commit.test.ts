import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createIngest } from './ingest.js';
import { TestGateway } from './test-gateway.js';
import type { IncomingBatch } from './verify-batch.js';

const FLUSHED_ROWS = 3_000;
const BATCH_ROWS = 100;
/** Thousands of signed rows take long on a busy machine. */
const TIMEOUT_MS = 120_000;

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

it(
  'case 96: a tap of another building shares the next transaction, however much one gateway has kept',
  async () => {
    const [away, live] = ['gw-away', 'gw-live'].map((id) => new TestGateway(id)) as [
      TestGateway,
      TestGateway,
    ];
    for (const gateway of [away, live]) await gateway.register(db.knex);
    const committed: { gatewayId: string; through: number }[] = [];
    const ingest = createIngest({
      db,
      clock: systemClock,
      log: silentLog,
      sendAck: ({ gatewayId, ack }) => committed.push({ gatewayId, through: ack.through_seq }),
    });
    const accepted: Promise<void>[] = [];
    for (let from = 1; from <= FLUSHED_ROWS; from += BATCH_ROWS) {
      const rows = Array.from({ length: BATCH_ROWS }, (_, offset) => away.punch(from + offset));
      accepted.push(ingest.accept(away.batch('punch', rows)));
    }
    accepted.push(ingest.accept(live.batch('punch', [live.punch(1)])));
    await Promise.all(accepted);
    await ingest.idle();
    const liveAt = committed.findIndex(({ gatewayId }) => gatewayId === 'gw-live');
    const flushed = committed
      .filter(({ gatewayId }) => gatewayId === 'gw-away')
      .map(({ through }) => through);
    expect(flushed.at(-1)).toBe(FLUSHED_ROWS);
    expect(flushed).toEqual(flushed.toSorted((left, right) => left - right));
    // It came last and is in the first or second transaction: the first may have begun before it came.
    const before = committed.slice(0, liveAt).filter(({ gatewayId }) => gatewayId === 'gw-away');
    expect(before.length).toBeLessThanOrEqual(2);
    expect(flushed.length).toBeGreaterThan(before.length);
  },
  TIMEOUT_MS,
);

it(
  'case 96: what came first is committed while the rest of a burst is still being verified',
  async () => {
    const gateway = new TestGateway('gw-burst');
    await gateway.register(db.knex);
    const acked: number[] = [];
    const ingest = createIngest({
      db,
      clock: systemClock,
      log: silentLog,
      sendAck: ({ ack }) => acked.push(ack.through_seq),
    });
    const batches = Array.from({ length: FLUSHED_ROWS / BATCH_ROWS }, (_, batch) =>
      gateway.batch(
        'punch',
        Array.from({ length: BATCH_ROWS }, (_, offset) => gateway.punch(batch * BATCH_ROWS + offset + 1)),
      ),
    );
    let isSent = false;
    let turnsWhileSending = 0;
    const countTurn = (): void => {
      if (isSent) return;
      turnsWhileSending += 1;
      setImmediate(countTurn);
    };
    const [first, ...rest] = batches as [IncomingBatch, ...IncomingBatch[]];
    // Its key is asked for, which takes turns of its own.
    await ingest.accept(first);
    countTurn();
    turnsWhileSending = 0;
    for (const batch of rest) await ingest.accept(batch);
    isSent = true;
    expect(turnsWhileSending).toBeGreaterThan(2);
    await ingest.idle();
    expect(acked.at(-1)).toBe(FLUSHED_ROWS);
  },
  TIMEOUT_MS,
);
