import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import { type EventRow, identityBindings } from './verified-batch.js';

/** Stores events and puts before a human what they say about lost evidence. */
export async function insertEvents(trx: Knex, rows: readonly EventRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO gateway_event (gateway_id, store_id, seq, occurred_at, type, detail, received_at)
     SELECT *, ?::timestamptz FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::timestamptz[], ?::text[], ?::jsonb[])
     ON CONFLICT DO NOTHING`,
    [
      at,
      ...identityBindings(rows),
      rows.map(({ row }) => row.occurred_at),
      rows.map(({ row }) => row.detail.type),
      rows.map(({ row }) => JSON.stringify(row.detail)),
    ],
  );
  for (const { gatewayId, row } of rows) {
    const message = messageFor(row.detail);
    if (message === undefined) continue;
    await raiseAlarm(trx, { ...message, gatewayId, detail: row.detail, at });
  }
}

function messageFor(
  detail: EventRow['row']['detail'],
): { code: 'SEQ_LOST' | 'STORE_REPLACED' | 'STORE_FULL'; message: string } | undefined {
  switch (detail.type) {
    case 'seq_lost':
      return {
        code: 'SEQ_LOST',
        message: `The gateway lost rows ${detail.from_seq} to ${detail.through_seq}: ${detail.reason}. Ask the classes of that time`,
      };
    case 'store_replaced':
      return {
        code: 'STORE_REPLACED',
        message: `The gateway's database was damaged and replaced; ${detail.lost_unacked_rows ?? 'an unknown number of'} rows may be lost. Replace its disk`,
      };
    case 'store_full':
      return {
        code: 'STORE_FULL',
        message: `The gateway's disk was full and ${detail.refused_taps} taps were refused with a red light. Free space on it`,
      };
    case 'device_changed':
      return undefined;
  }
}

/** The ranges that events declare lost: settled although no row will ever come. */
export function lostRanges(
  rows: readonly EventRow[],
): { gatewayId: string; storeId: string; from: number; through: number }[] {
  return rows.flatMap(({ gatewayId, storeId, row: { detail } }) =>
    detail.type === 'seq_lost'
      ? [{ gatewayId, storeId, from: detail.from_seq, through: detail.through_seq }]
      : [],
  );
}
