import type { ErrorCode } from '@rollcall/protocol/errors';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import { toStorableJson } from './storable.js';
import { type GoodRow, identityBindings, type PoisonRow } from './verified-batch.js';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  EVENT_ID_CONFLICT: 'The first one was kept. Look whether its disk was cloned or restored',
  TIME_IN_FUTURE: 'Look at the clock of the gateway',
};

/** Keeps rows that cannot become evidence, whole, and tells a human once per gateway and reason. */
export async function quarantineRows(trx: Knex, rows: readonly PoisonRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO quarantine_row (gateway_id, store_id, seq, kind, code, problem, body, received_at)
     SELECT *, ?::timestamptz FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::jsonb[])
     ON CONFLICT DO NOTHING`,
    [
      at,
      ...identityBindings(rows),
      rows.map((row) => row.sentAs),
      rows.map((row) => row.code),
      rows.map((row) => row.problem),
      rows.map((row) => toStorableJson(row.body)),
    ],
  );
  const reasons = new Map(rows.map((row) => [`${row.gatewayId} ${row.code}`, row]));
  for (const { gatewayId, code, problem, seq } of reasons.values()) {
    const advice = ADVICE[code] ?? 'Its other rows are not affected. Look at it in quarantine';
    const message = `A row of ${gatewayId} is in quarantine: ${problem}. ${advice}`;
    await raiseAlarm(trx, { code, message, gatewayId, detail: { seq }, at });
  }
}

/** A row that says another thing than what is stored under its identity or its punch_id (domain case 78). */
export function asConflict(row: GoodRow): PoisonRow {
  const { gatewayId, storeId, seq, body, kind } = row;
  const problem = `(document): row ${seq} or its punch_id is stored already with another content`;
  return { gatewayId, storeId, seq, body, kind: 'poison', sentAs: kind, code: 'EVENT_ID_CONFLICT', problem };
}

/** A row that passed every check and that PostgreSQL refuses all the same. */
export function asRefused(row: GoodRow, error: unknown): PoisonRow {
  const { gatewayId, storeId, seq, body, kind } = row;
  const why = sqlState(error) ?? (error instanceof Error ? error.name : 'unknown');
  const problem = `(document): PostgreSQL refuses this row (${why})`;
  return { gatewayId, storeId, seq, body, kind: 'poison', sentAs: kind, code: 'ROW_INVALID', problem };
}
