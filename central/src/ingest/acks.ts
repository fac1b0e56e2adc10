import { ACK_REJECTED_MAX, type CommitAck } from '@rollcall/protocol/commit-ack';
import type { Database } from '../db/database.js';
import type { IngestRow } from './verified-batch.js';

export interface GatewayAck {
  gatewayId: string;
  ack: CommitAck;
}

/**
 * What PostgreSQL has settled of the stores that sent these rows, read after their commit: with several
 * replicas, the batch at hand says nothing about its neighbors.
 */
export async function readAcks(
  db: Pick<Database, 'knex'>,
  rows: readonly IngestRow[],
): Promise<GatewayAck[]> {
  const stores = new Map<string, { gatewayId: string; storeId: string; from: number; through: number }>();
  for (const { gatewayId, storeId, seq } of rows) {
    const key = `${gatewayId}/${storeId}`;
    const store = stores.get(key);
    if (store === undefined) {
      stores.set(key, { gatewayId, storeId, from: seq, through: seq });
      continue;
    }
    store.from = Math.min(store.from, seq);
    store.through = Math.max(store.through, seq);
  }
  const all = [...stores.values()];
  const result = await db.knex.raw<{
    rows: {
      gateway_id: string;
      store_id: string;
      through_seq: number;
      rejected: { seq: number; code: string }[] | null;
    }[];
  }>(
    `SELECT i.gateway_id, i.store_id,
       coalesce((SELECT upper(r) - 1 FROM unnest(g.settled) r WHERE r @> 1::bigint), 0) AS through_seq,
       (SELECT jsonb_agg(jsonb_build_object('seq', q.seq, 'code', q.code)) FROM (
          SELECT seq, code FROM quarantine_row
          WHERE gateway_id = i.gateway_id AND store_id = i.store_id AND seq BETWEEN i.from_seq AND i.through_seq
            AND resolved_at IS NULL
          ORDER BY seq LIMIT ${ACK_REJECTED_MAX}) q) AS rejected
     FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::bigint[]) AS i(gateway_id, store_id, from_seq, through_seq)
     JOIN gateway_store g USING (gateway_id, store_id)`,
    [
      all.map((store) => store.gatewayId),
      all.map((store) => store.storeId),
      all.map((store) => store.from),
      all.map((store) => store.through),
    ],
  );
  return result.rows.map((row) => ({
    gatewayId: row.gateway_id,
    ack: { v: 1, store_id: row.store_id, through_seq: row.through_seq, rejected: row.rejected ?? [] },
  }));
}
