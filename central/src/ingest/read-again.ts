import type { BatchKind } from '@rollcall/protocol/batch';
import { writeAudit } from '../audit/write-audit.js';
import { isDatabaseTransient } from '../db/connection.js';
import type { Database, Knex } from '../db/database.js';
import { promoteClaims } from '../devices/watermark.js';
import type { Log } from '../log.js';
import { lockGateways } from './commit-rows.js';
import { quarantineRows } from './quarantine-rows.js';
import { readRows } from './read-rows.js';
import { releaseFutureRows } from './release-future-rows.js';
import { storeReleased } from './store-released.js';
import {
  type GoodRow,
  IDENTITY_UNNEST,
  type IngestRow,
  identityBindings,
  keyOf,
  type PoisonRow,
} from './verified-batch.js';

/** Rows read again in one transaction. */
const CHUNK_ROWS_MAX = 500;
/** Transactions of one run; what is left waits for the next one. */
const CHUNKS_MAX = 40;
/** Stands for what PostgreSQL cannot hold: a row with it is not the one that was sent. */
const REPLACEMENT = '\ufffd';

interface WaitingRow {
  gateway_id: string;
  store_id: string;
  seq: number;
  kind: BatchKind;
  body: { seq: number } & Record<string, unknown>;
  problem: string;
  received_at: Date;
}

interface Reading {
  db: Pick<Database, 'knex'>;
  log: Log;
  /** What this central understands. */
  reading: string;
  at: Date;
}

/**
 * Rows of genuine batches that a central of another version could not read become evidence under their own identity, as
 * of when they came (domain case 163). Those that this one cannot read either are not tried again by its like.
 *
 * @returns how many became evidence
 */
export async function readRowsAgain({ db, log, reading, at }: Reading): Promise<number> {
  let released = 0;
  let chunks = 0;
  for (const gatewayId of await gatewaysWithRows(db.knex, reading)) {
    try {
      for (let taken = CHUNK_ROWS_MAX; taken === CHUNK_ROWS_MAX && chunks < CHUNKS_MAX; chunks += 1) {
        const chunk = await db.knex.transaction((trx) => readChunk(trx, gatewayId, { reading, at }));
        taken = chunk.taken;
        released += chunk.released;
      }
    } catch (error) {
      if (isDatabaseTransient(error)) throw error;
      log.error(
        { err: error, gatewayId },
        'rows of a gateway cannot be read again; the others are not affected',
      );
    }
  }
  return released;
}

async function gatewaysWithRows(knex: Knex, reading: string): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { gateway_id: string }[] }>(
    `SELECT DISTINCT gateway_id FROM quarantine_row
     WHERE code = 'ROW_INVALID' AND resolved_at IS NULL AND NOT read_by @> ARRAY[?::text] ORDER BY 1`,
    [reading],
  );
  return rows.map(({ gateway_id }) => gateway_id);
}

async function readChunk(
  trx: Knex,
  gatewayId: string,
  { reading, at }: Pick<Reading, 'reading' | 'at'>,
): Promise<{ taken: number; released: number }> {
  // As ingest does: what comes from this gateway meanwhile waits. Whether it is still trusted is no question here: its
  // signature was good when this came, and a row that was understood then has stayed, too.
  await lockGateways(trx, [{ gatewayId }]);
  const { rows: waiting } = await trx.raw<{ rows: WaitingRow[] }>(
    `SELECT gateway_id, store_id, seq, kind, body, problem, received_at FROM quarantine_row
     WHERE gateway_id = ? AND code = 'ROW_INVALID' AND resolved_at IS NULL AND NOT read_by @> ARRAY[?::text]
     ORDER BY received_at, store_id, seq LIMIT ${CHUNK_ROWS_MAX}`,
    [gatewayId, reading],
  );
  if (waiting.length === 0) return { taken: 0, released: 0 };
  const read = waiting.map(readAgain);
  await noteReading(trx, read, { waiting, reading, at });
  const good = read.filter((row): row is GoodRow => row.kind !== 'poison');
  const released: GoodRow[] = [];
  for (const [receivedMs, group] of groupByReceipt(good, waiting))
    released.push(...(await storeReleased(trx, group, { receivedAt: new Date(receivedMs), at })));
  const early = read.filter((row) => row.kind === 'poison' && row.code === 'TIME_IN_FUTURE') as PoisonRow[];
  if (early.length > 0) {
    // They are in quarantine already; this tells a human why.
    await quarantineRows(trx, early, at);
    await releaseFutureRows(trx, [gatewayId], at);
  }
  await promoteClaims(trx, [gatewayId]);
  await audit(trx, released, { waiting, reading, at });
  await resolveAlarm(trx, gatewayId, at);
  return { taken: waiting.length, released: released.length };
}

function readAgain(row: WaitingRow): IngestRow {
  const { gateway_id: gatewayId, store_id: storeId, seq, kind, body, problem, received_at: receivedAt } = row;
  if (JSON.stringify(body).includes(REPLACEMENT))
    return { gatewayId, storeId, seq, body, kind: 'poison', sentAs: kind, code: 'ROW_INVALID', problem };
  const [read] = readRows(kind, { gatewayId, storeId }, [body], receivedAt.getTime());
  if (read === undefined) throw new Error('a row was read and is no row');
  return read;
}

/** @returns rows by the millisecond in which they were received, earliest first */
function groupByReceipt(rows: readonly GoodRow[], waiting: readonly WaitingRow[]): Map<number, GoodRow[]> {
  const received = receiptOf(waiting);
  const groups = new Map<number, GoodRow[]>();
  for (const row of rows) {
    const receivedMs = received(row).getTime();
    groups.set(receivedMs, [...(groups.get(receivedMs) ?? []), row]);
  }
  return groups;
}

function receiptOf(waiting: readonly WaitingRow[]): (row: GoodRow) => Date {
  const times = new Map(
    waiting.map(({ gateway_id: gatewayId, store_id: storeId, seq, received_at }) => [
      keyOf({ gatewayId, storeId, seq }),
      received_at,
    ]),
  );
  return (row) => times.get(keyOf(row)) ?? new Date(0);
}

interface Noted {
  waiting: readonly WaitingRow[];
  reading: string;
  at: Date;
}

async function noteReading(trx: Knex, rows: readonly IngestRow[], { reading, at }: Noted): Promise<void> {
  await trx.raw(
    `UPDATE quarantine_row q SET read_by = q.read_by || ?::text, code = coalesce(i.code, q.code),
       problem = coalesce(i.problem, q.problem), resolved_at = CASE WHEN i.code IS NULL THEN ?::timestamptz END
     FROM (SELECT * FROM ${IDENTITY_UNNEST} WITH ORDINALITY AS k(gateway_id, store_id, seq, n)
           JOIN unnest(?::text[], ?::text[]) WITH ORDINALITY AS p(code, problem, n) USING (n)) i
     WHERE q.gateway_id = i.gateway_id AND q.store_id = i.store_id AND q.seq = i.seq`,
    [
      reading,
      at,
      ...identityBindings(rows),
      rows.map((row) => (row.kind === 'poison' ? row.code : null)) as never,
      rows.map((row) => (row.kind === 'poison' ? row.problem : null)) as never,
    ],
  );
}

async function audit(trx: Knex, rows: readonly GoodRow[], { waiting, reading, at }: Noted): Promise<void> {
  const problems = new Map(waiting.map((row) => [`${row.store_id}/${row.seq}`, row.problem]));
  await writeAudit(
    trx,
    rows.map((row) => ({
      at,
      entityType: 'quarantine_row',
      entityId: keyOf(row),
      action: 'read_again',
      reason: 'kept by a central of another version, which could not read it',
      before: { code: 'ROW_INVALID', problem: problems.get(`${row.storeId}/${row.seq}`) },
      after: { stored_as: row.kind, reading },
    })),
  );
}

async function resolveAlarm(trx: Knex, gatewayId: string, at: Date): Promise<void> {
  await trx.raw(
    `UPDATE exception_item SET resolved_at = ?::timestamptz
     WHERE code = 'ROW_INVALID' AND gateway_id = ? AND resolved_at IS NULL AND NOT EXISTS (
       SELECT FROM quarantine_row q WHERE q.gateway_id = ? AND q.code = 'ROW_INVALID' AND q.resolved_at IS NULL)`,
    [at, gatewayId, gatewayId],
  );
}
