import { randomBytes } from 'node:crypto';
import type { Database } from '@rollcall/central/db/database';
import { createIngest, type Ingest } from '@rollcall/central/ingest/ingest';
import { silentLog } from '@rollcall/central/log';
import { createJudge, type Judge } from '@rollcall/central/marks/judge';
import { seedCampus } from '@rollcall/central/seed/seed-campus';
import { advanceSessions } from '@rollcall/central/sessions/advance';
import { delay } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { openDurableDatabase } from '../support/durable-postgres.js';
import { type EncodedBatch, GATEWAYS, IngestCampus, STUDENTS } from './ingest-campus.js';
import { heapMib, type Measured, round } from './measured.js';

const POLL_MS = 5;
const WARM_UP_ROUNDS = 1;
const ROUNDS = 4;
const BARE_ROWS_PER_INSERT = 5_000;
const BARE_COLUMNS = `gateway_id, store_id, seq, punch_id, boot_id, mono_ms, occurred_at, clock_state, device_id, kind,
  technology, hash_full, received_at, effective_at, time_source, student_id, outcome, matched_projection, room_id`;

/** Ingest as central runs it, with everything that a marking needs, ready to take batches. */
export interface IngestBench {
  db: Database;
  campus: IngestCampus;
  ingest: Ingest;
  judge: Judge;
}

export async function withIngestBench<T>(use: (bench: IngestBench) => Promise<T>): Promise<T> {
  const db = await openDurableDatabase();
  try {
    const cardKey = randomBytes(32);
    const nowMs = Date.now();
    const campus = new IngestCampus(cardKey, nowMs);
    await seedCampus({ db, clock: systemClock, campusKey: cardKey, bytes: campus.seedFile() });
    await advanceSessions(db.knex, nowMs);
    const judge = createJudge({ db, clock: systemClock, log: silentLog });
    judge.start();
    // Opening 200 class sessions gave every student a first mark.
    await judge.run();
    const ingest = createIngest({ db, clock: systemClock, log: silentLog, sendAck: () => judge.wake() });
    try {
      return await use({ db, campus, ingest, judge });
    } finally {
      await ingest.stop();
      await judge.stop();
    }
  } finally {
    await db.close();
  }
}

/** Milliseconds until every row is committed and every mark that it changes is judged and counted. */
export async function takeAll(
  { ingest, judge, db }: IngestBench,
  batches: readonly EncodedBatch[],
): Promise<number> {
  const startMs = performance.now();
  for (const { gatewayId, payload } of batches) {
    await ingest.accept({ kind: 'punch', gatewayId, payload, topic: `rollcall/v1/${gatewayId}/up/punch` });
  }
  await ingest.idle();
  // What the judge has taken stays visible here until its transaction is committed.
  judge.wake();
  while ((await waiting(db)) > 0) await delay(systemClock, POLL_MS);
  return performance.now() - startMs;
}

async function waiting({ knex }: Database): Promise<number> {
  const { rows } = await knex.raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM judgement_todo');
  return rows[0]?.n ?? 0;
}

export async function measureIngest(): Promise<Measured> {
  return withIngestBench(async (bench) => {
    const { db, campus } = bench;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) await takeAll(bench, [...campus.everybodyTaps()]);
    const heapBefore = heapMib();
    let rows = 0;
    let tookMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Encoded beforehand: signing is the gateways' work.
      const batches = [...campus.everybodyTaps()];
      tookMs += await takeAll(bench, batches);
      rows += batches.reduce((sum, batch) => sum + batch.rows, 0);
    }
    const heapAfter = heapMib();
    const marked = await countMarked(db);
    if (marked < STUDENTS) throw new Error(`only ${marked} of ${STUDENTS} students were marked`);
    const rowsPerSecond = (rows * 1000) / tookMs;
    const bareRowsPerSecond = await measureBareInsert(db, 'LIKE punch INCLUDING INDEXES');
    const onlyKeyRowsPerSecond = await measureBareInsert(
      db,
      'LIKE punch, PRIMARY KEY (gateway_id, store_id, seq)',
    );
    return {
      figures: { 'rows/s / rows/s of the bare insert': round(rowsPerSecond / bareRowsPerSecond) },
      raw: {
        gateways: GATEWAYS,
        rows,
        'rows/s': round(rowsPerSecond),
        'bare rows/s': round(bareRowsPerSecond),
        'bare rows/s with the primary key alone': round(onlyKeyRowsPerSecond),
        'heap before, MiB': heapBefore,
        'heap after, MiB': heapAfter,
      },
    };
  });
}

async function countMarked({ knex }: Database): Promise<number> {
  const { rows } = await knex.raw<{ rows: { n: number }[] }>(
    "SELECT count(*)::int AS n FROM attendance_record WHERE mark IN ('present', 'late')",
  );
  return rows[0]?.n ?? 0;
}

/**
 * What "bare" means: the rows that ingest stored, every value ready, as arrays over the same driver, chunk by
 * chunk in transactions of the size that ingest takes, into a table with the columns, the primary key and every
 * other index of `punch`, on the same server with the same settings, each commit on disk. Without reading and
 * verifying messages, without conflicts to look for, owners, rooms, marks, audit, tallies and notifications. The
 * raw figures hold the same with the primary key as the only index, too.
 */
async function measureBareInsert({ knex }: Database, definition: string): Promise<number> {
  await knex.raw(`CREATE TABLE bare_punch (${definition})`);
  const columns = BARE_COLUMNS.split(',').map((name) => name.trim());
  const { rows: types } = await knex.raw<{ rows: { name: string; type: string }[] }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = 'punch'::regclass AND attnum > 0`,
  );
  const typeOf = new Map(types.map(({ name, type }) => [name, type]));
  const { rows } = await knex.raw<{ rows: Record<string, string | null>[] }>(
    `SELECT ${columns.map((name) => `${name}::text`).join(', ')} FROM punch ORDER BY received_at, gateway_id, seq`,
  );
  const statement = `INSERT INTO bare_punch (${columns.join(', ')})
    SELECT * FROM unnest(${columns.map((name) => `?::text[]::${typeOf.get(name)}[]`).join(', ')})`;
  let tookMs = 0;
  for (let from = 0; from < rows.length; from += BARE_ROWS_PER_INSERT) {
    const chunk = rows.slice(from, from + BARE_ROWS_PER_INSERT);
    const bindings = columns.map((name) => chunk.map((row) => row[name] ?? null));
    const startMs = performance.now();
    await knex.raw(statement, bindings as never);
    tookMs += performance.now() - startMs;
  }
  await knex.raw('DROP TABLE bare_punch');
  return (rows.length * 1000) / tookMs;
}
