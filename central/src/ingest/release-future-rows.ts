import type { BatchKind } from '@rollcall/protocol/batch';
import type { Knex } from '../db/database.js';
import { knownOffset } from '../people/resolution-sql.js';
import { FUTURE_TOLERANCE_MS, readRows } from './read-rows.js';
import { putBack, storeReleased } from './store-released.js';
import { type GoodRow, IDENTITY_UNNEST, identityBindings, type PoisonRow } from './verified-batch.js';

/** Rows taken out of quarantine in one statement. */
const CHUNK_ROWS_MAX = 2_000;

interface WaitingRow {
  gateway_id: string;
  store_id: string;
  seq: number;
  kind: BatchKind;
  body: { seq: number } & Record<string, unknown>;
  received_at: Date;
}

/**
 * Rows that were quarantined because their clock was ahead become evidence once it is known by how much: their
 * time is then one that was possible when they were received (domain case 87). Those that stay impossible stay.
 *
 * @returns how many became evidence
 */
export async function releaseFutureRows(trx: Knex, gatewayIds: readonly string[], at: Date): Promise<number> {
  let released = 0;
  for (;;) {
    const rows = await takeRows(trx, gatewayIds, at);
    for (const [receivedMs, group] of groupByReceipt(rows))
      released += await store(trx, group, { receivedAt: new Date(receivedMs), at });
    if (rows.length < CHUNK_ROWS_MAX) return released;
  }
}

async function takeRows(trx: Knex, gatewayIds: readonly string[], at: Date): Promise<WaitingRow[]> {
  const { rows } = await trx.raw<{ rows: WaitingRow[] }>(
    `WITH waiting AS MATERIALIZED (
       SELECT gateway_id, store_id, seq, kind, body, received_at, (body->>'occurred_at')::timestamptz AS occurred_at,
         (body->>'boot_id')::uuid AS boot_id, (body->>'mono_ms')::bigint AS mono_ms
       FROM quarantine_row
       WHERE gateway_id = ANY(?::text[]) AND code = 'TIME_IN_FUTURE' AND resolved_at IS NULL
     ), chosen AS (
       SELECT * FROM waiting w
       WHERE w.occurred_at - ${knownOffset('w', 'occurred_at')} * interval '1 millisecond'
         <= w.received_at + ? * interval '1 millisecond'
       ORDER BY gateway_id, store_id, seq LIMIT ${CHUNK_ROWS_MAX}
     )
     UPDATE quarantine_row q SET resolved_at = ?::timestamptz FROM chosen c
     WHERE q.gateway_id = c.gateway_id AND q.store_id = c.store_id AND q.seq = c.seq
     RETURNING q.gateway_id, q.store_id, q.seq, q.kind, q.body, q.received_at`,
    [gatewayIds as never, FUTURE_TOLERANCE_MS, at],
  );
  return rows;
}

function groupByReceipt(rows: readonly WaitingRow[]): Map<number, WaitingRow[]> {
  const groups = new Map<number, WaitingRow[]>();
  for (const row of rows) {
    const receivedMs = row.received_at.getTime();
    groups.set(receivedMs, [...(groups.get(receivedMs) ?? []), row]);
  }
  return groups;
}

/** @returns how many became evidence */
async function store(
  trx: Knex,
  waiting: readonly WaitingRow[],
  times: { receivedAt: Date; at: Date },
): Promise<number> {
  const rows = waiting.flatMap(({ gateway_id: gatewayId, store_id: storeId, kind, body }) =>
    // Nothing is in the future of the end of time: the offset has been asked already.
    readRows(kind, { gatewayId, storeId }, [body], Number.POSITIVE_INFINITY),
  );
  const good = rows.filter((row): row is GoodRow => row.kind !== 'poison');
  const unread = rows.filter((row): row is PoisonRow => row.kind === 'poison');
  await keepUnread(trx, unread, times.at);
  return (await storeReleased(trx, good, times)).length;
}

/**
 * A central of another version could read these and this one cannot: they wait for the next one that can, which may have
 * tried them before it was known what their clock said (domain case 163).
 */
async function keepUnread(trx: Knex, rows: readonly PoisonRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await putBack(trx, rows, at);
  await trx.raw(
    `UPDATE quarantine_row q SET read_by = '{}' FROM ${IDENTITY_UNNEST} AS i(gateway_id, store_id, seq)
     WHERE q.gateway_id = i.gateway_id AND q.store_id = i.store_id AND q.seq = i.seq`,
    identityBindings(rows),
  );
}
