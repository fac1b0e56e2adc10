import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../db/database.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import type { GatewayAck } from './acks.js';
import { commitRows } from './commit-rows.js';
import { createGatewayKeys } from './gateway-keys.js';
import { createIngest, type Ingest } from './ingest.js';
import { TestGateway } from './test-gateway.js';
import { type IncomingBatch, verifyBatch } from './verify-batch.js';

const ROWS = 400;
const BATCH_ROWS = 10;

describe('two ingesting replicas', () => {
  let db: TestDatabase;
  let other: Awaited<ReturnType<typeof openDatabase>>;
  let gateways: TestGateway[];
  beforeEach(async () => {
    db = await openTestDatabase();
    other = await openDatabase({ url: db.url, log: silentLog });
    gateways = ['gw-a', 'gw-b', 'gw-c'].map((id) => new TestGateway(id));
    for (const gateway of gateways) await gateway.register(db.knex);
  });
  afterEach(async () => {
    await other.close();
    await db.close();
  });

  /** Every ack is compared with what PostgreSQL holds at that moment, seen from outside both replicas. */
  function replica(database: Pick<TestDatabase, 'knex'>, checks: Promise<void>[]): Ingest {
    const check = async ({ gatewayId, ack }: GatewayAck): Promise<void> => {
      const row = await db
        .knex('punch')
        .where({ gateway_id: gatewayId })
        .andWhere('seq', '<=', ack.through_seq)
        .count('* as stored')
        .first();
      expect(row?.['stored'], `rows of ${gatewayId} up to ${ack.through_seq}`).toBe(ack.through_seq);
    };
    return createIngest({
      db: database,
      clock: systemClock,
      log: silentLog,
      sendAck: (ack) => checks.push(check(ack)),
    });
  }

  function batchesOf(gateway: TestGateway): IncomingBatch[] {
    return Array.from({ length: ROWS / BATCH_ROWS }, (_, index) =>
      gateway.batch(
        'punch',
        Array.from({ length: BATCH_ROWS }, (_row, offset) => gateway.punch(index * BATCH_ROWS + offset + 1)),
      ),
    );
  }

  it('with neighboring batches in each never ack a row that is not committed, and end with every row once', async () => {
    const checks: Promise<void>[] = [];
    const [left, right] = [replica(db, checks), replica(other, checks)];
    const sending = gateways.flatMap((gateway) =>
      batchesOf(gateway).flatMap((batch, index) => {
        const [first, second] = index % 2 === 0 ? [left, right] : [right, left];
        // Every third one comes to both, as after a resend.
        return index % 3 === 0 ? [first.accept(batch), second.accept(batch)] : [first.accept(batch)];
      }),
    );
    await Promise.all(sending);
    await Promise.all([left.idle(), right.idle()]);
    await Promise.all(checks);
    expect(checks.length).toBeGreaterThan(1);
    expect(await db.knex('punch').count('* as rows').first()).toEqual({ rows: ROWS * gateways.length });
    const stores = await db.knex('gateway_store').pluck('settled');
    expect(stores).toEqual(gateways.map(() => `{[1,${ROWS + 1})}`));
    await Promise.all([left.stop(), right.stop()]);
  });

  it('when one is killed inside its transaction, the other acks only up to the hole, and the resend closes it', async () => {
    const acks: GatewayAck[] = [];
    const [gateway] = gateways as [TestGateway];
    const [first, second, third] = batchesOf(gateway) as [IncomingBatch, IncomingBatch, IncomingBatch];
    // The killed replica: its rows are written, its connection ends before the commit.
    const killed = await other.knex.transaction();
    const keys = createGatewayKeys({ db, clock: systemClock });
    const rows = await verifyBatch(keys, first, systemClock.wallMs());
    await commitRows({ knex: killed }, rows.rows, new Date());
    const [{ pid }] = (await killed.raw('SELECT pg_backend_pid() AS pid')).rows;
    const survivor = createIngest({
      db,
      clock: systemClock,
      log: silentLog,
      sendAck: (ack) => {
        acks.push(ack);
      },
    });
    const accepted = survivor.accept(second);
    await db.knex.raw('SELECT pg_terminate_backend(?)', [pid]);
    await killed.rollback().catch(() => undefined);
    await accepted;
    await survivor.idle();
    expect(acks.at(-1)?.ack.through_seq).toBe(0);
    await survivor.accept(third);
    await survivor.accept(first);
    await survivor.idle();
    expect(acks.at(-1)?.ack.through_seq).toBe(3 * BATCH_ROWS);
    await survivor.stop();
  });

  it('store what waited when PostgreSQL comes back, and lose nothing', async () => {
    const acks: GatewayAck[] = [];
    const [gateway] = gateways as [TestGateway];
    const ingest = createIngest({ db, clock: systemClock, log: silentLog, sendAck: (ack) => acks.push(ack) });
    const batches = batchesOf(gateway);
    const name = new URL(db.url).pathname.slice(1);
    const accepting = Promise.all(batches.map((batch) => ingest.accept(batch)));
    await other.knex.raw(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND pid <> pg_backend_pid()',
      [name],
    );
    await accepting;
    await ingest.idle();
    expect(acks.at(-1)?.ack.through_seq).toBe(ROWS);
    expect(await db.knex('punch').count('* as rows').first()).toEqual({ rows: ROWS });
    await ingest.stop();
  });
});
