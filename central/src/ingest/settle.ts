import type { Knex } from '../db/database.js';
import type { RowIdentity } from './verified-batch.js';

interface LostRange {
  gatewayId: string;
  storeId: string;
  from: number;
  through: number;
}

/**
 * Marks seqs as settled, in the transaction that stored them: what is settled can never be ahead of what is
 * committed, and an ack reads nothing else.
 */
export async function settle(
  trx: Knex,
  rows: readonly RowIdentity[],
  lost: readonly LostRange[],
): Promise<void> {
  const stores = new Map<string, { gatewayId: string; storeId: string; seqs: number[]; lost: LostRange[] }>();
  const storeOf = ({ gatewayId, storeId }: { gatewayId: string; storeId: string }) => {
    const key = `${gatewayId}/${storeId}`;
    const store = stores.get(key) ?? { gatewayId, storeId, seqs: [], lost: [] };
    stores.set(key, store);
    return store;
  };
  for (const row of rows) storeOf(row).seqs.push(row.seq);
  for (const range of lost) storeOf(range).lost.push(range);
  const all = [...stores.values()];
  await trx.raw(
    `INSERT INTO gateway_store (gateway_id, store_id, settled)
     SELECT * FROM unnest(?::text[], ?::uuid[], ?::int8multirange[])
     ON CONFLICT (gateway_id, store_id) DO UPDATE SET settled = gateway_store.settled + excluded.settled`,
    [
      all.map((store) => store.gatewayId),
      all.map((store) => store.storeId),
      all.map(
        (store) =>
          `{${[...rangesOf(store.seqs), ...store.lost.map(({ from, through }) => `[${from},${through}]`)]}}`,
      ),
    ],
  );
}

/** `[1,2,3,7]` → `["[1,3]", "[7,7]"]` */
function rangesOf(seqs: readonly number[]): string[] {
  const ranges: { from: number; through: number }[] = [];
  for (const seq of [...seqs].sort((left, right) => left - right)) {
    const last = ranges.at(-1);
    if (last !== undefined && seq <= last.through + 1) last.through = seq;
    else ranges.push({ from: seq, through: seq });
  }
  return ranges.map(({ from, through }) => `[${from},${through}]`);
}
