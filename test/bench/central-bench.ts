import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@rollcall/central/db/database';
import { openListener } from '@rollcall/central/db/listen';
import { createCommandSender } from '@rollcall/central/devices/commands';
import { createHttpServer } from '@rollcall/central/http/server';
import type { GatewayAck } from '@rollcall/central/ingest/acks';
import { createIngest, type Ingest } from '@rollcall/central/ingest/ingest';
import { silentLog } from '@rollcall/central/log';
import { createJudge } from '@rollcall/central/marks/judge';
import { JUDGE_CHANNEL, LIVE_CHANNEL } from '@rollcall/central/marks/notify';
import { seedCampus } from '@rollcall/central/seed/seed-campus';
import { advanceSessions } from '@rollcall/central/sessions/advance';
import { startMarkingThread } from '@rollcall/central/thread/marking-thread';
import { delay } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { openDurableDatabase } from '../support/durable-postgres.js';
import { BenchCampus, type CampusSize } from './bench-campus.js';

const POLL_MS = 5;

/** Central as it runs, without its broker and its scheduled jobs, over a campus of the size asked for. */
export interface CentralBench {
  /** Of central; what the benchmark itself asks goes through connections of its own. */
  db: Database;
  /** For the benchmark's own statements. */
  own: Database;
  campus: BenchCampus;
  ingest: Ingest;
  httpPort: number;
  tokenKey: { id: string; bytes: Buffer };
  /** Told of every commit ack. */
  onAck(listen: (ack: GatewayAck) => void): void;
}

export interface BenchOptions extends CampusSize {
  /** False: somebody opens the class sessions over HTTP. */
  isOpened: boolean;
}

export async function withCentralBench<T>(
  options: BenchOptions,
  use: (bench: CentralBench) => Promise<T>,
): Promise<T> {
  const db = await openDurableDatabase();
  const own = await openDatabase({ url: db.url, log: silentLog });
  const cardKey = randomBytes(32);
  const nowMs = Date.now();
  const campus = new BenchCampus(options, cardKey, nowMs);
  await seedCampus({ db, clock: systemClock, campusKey: cardKey, bytes: campus.seedFile() });
  if (options.isOpened) await advanceAll(db, nowMs);
  await analyzeChanged(own);
  const listener = await openListener({ url: db.url, log: silentLog, clock: systemClock });
  // Opening the class sessions gave every student a first mark.
  await createJudge({ db, clock: systemClock, log: silentLog }).run();
  const thread = await startMarkingThread({ databaseUrl: db.url, clock: systemClock, log: silentLog });
  let tellAck = (_ack: GatewayAck): void => undefined;
  const ingest = createIngest({
    db,
    clock: systemClock,
    log: silentLog,
    sendAck: (ack) => tellAck(ack),
  });
  const tokenKey = { id: 'bench', bytes: randomBytes(32) };
  const http = await createHttpServer({
    db,
    listener,
    clock: systemClock,
    log: silentLog,
    tokenKeys: [tokenKey],
    dataKeys: [{ id: '0000be7c', bytes: randomBytes(32) }],
    cardHashKey: randomBytes(32),
    commands: createCommandSender({ clock: systemClock, publish: () => undefined }),
    host: '127.0.0.1',
    port: 0,
    isReady: () => true,
    scans: thread.scans,
  });
  try {
    return await use({
      db,
      own,
      campus,
      ingest,
      httpPort: http.port,
      tokenKey,
      onAck(listen) {
        tellAck = listen;
      },
    });
  } finally {
    await http.stop();
    await ingest.stop();
    await thread.stop();
    await listener.close();
    await own.close();
    await db.close();
  }
}

/** What autovacuum does within its first minute; tables that have no rows yet stay unknown to it, too. */
async function analyzeChanged({ knex }: Database): Promise<void> {
  const { rows } = await knex.raw<{ rows: { name: string }[] }>(
    'SELECT relid::regclass::text AS name FROM pg_stat_user_tables WHERE pg_relation_size(relid) > 0',
  );
  for (const { name } of rows) await knex.raw(`VACUUM (ANALYZE) ${name}`);
}

/** Some hundreds are opened by one step of the scheduler. */
async function advanceAll({ knex }: Database, nowMs: number): Promise<void> {
  for (;;) {
    await advanceSessions(knex, nowMs);
    const { rows } = await knex.raw<{ rows: object[] }>(
      "SELECT 1 FROM attendance_session WHERE status = 'scheduled' AND reach_from <= ? LIMIT 1",
      [new Date(nowMs)],
    );
    if (rows.length === 0) return;
  }
}

/** Until every mark that waits for it is judged. */
export async function marked({ own }: Pick<CentralBench, 'own'>): Promise<void> {
  await own.knex.raw("SELECT pg_notify(?, '')", [JUDGE_CHANNEL]);
  // What the judge has taken stays visible here until its transaction is committed.
  while (await isWaiting(own, 'judgement_todo')) await delay(systemClock, POLL_MS);
}

/** Until every mark that waits for it is judged and counted. */
export async function judged({ own }: Pick<CentralBench, 'own'>): Promise<void> {
  await marked({ own });
  await own.knex.raw("SELECT pg_notify(?, '{}')", [LIVE_CHANNEL]);
  while (await isWaiting(own, 'statistics_todo')) await delay(systemClock, POLL_MS);
}

/** From the end: at the beginning stand the rows that were taken, until they are vacuumed away. */
async function isWaiting({ knex }: Database, queue: string): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: object[] }>(`SELECT 1 FROM ${queue} ORDER BY id DESC LIMIT 1`);
  return rows.length > 0;
}

/** How many rows a statement's FROM clause selects. */
export async function countRows(
  { own }: Pick<CentralBench, 'own'>,
  from: string,
  bindings: readonly (string | Date)[] = [],
): Promise<number> {
  const { rows } = await own.knex.raw<{ rows: { n: number }[] }>(
    `SELECT count(*)::int AS n FROM ${from}`,
    bindings as never,
  );
  return rows[0]?.n ?? 0;
}
