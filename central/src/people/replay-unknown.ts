import type { Clock } from '@rollcall/protocol/clock';
import type { Database } from '../db/database.js';
import { recountBatches } from '../ingest/late-evidence.js';
import { reResolve } from './re-resolve.js';
import { earliestReceivedMonth } from './received-month.js';

/** How far back an assigned card is applied (domain case 91). */
const REPLAY_DAYS = 14;
const DAY_MS = 86_400_000;
/**
 * Taken shared by every ingest transaction and alone here: a punch that is being stored while a card is being
 * assigned is seen by one of the two.
 */
export const RESOLUTION_LOCK = 0x726f6c04;

/**
 * Resolves stored unknown punches again after the office assigned their card. Call it once the credential is
 * committed; its dates decide, as they do for a new punch.
 *
 * @param hashes keyed hashes of the assigned credential, any projection
 * @returns how many punches found their owner
 */
export async function replayUnknown(
  { db, clock }: { db: Pick<Database, 'knex'>; clock: Clock },
  hashes: readonly Uint8Array[],
): Promise<number> {
  if (hashes.length === 0) return 0;
  const since = new Date(clock.wallMs() - REPLAY_DAYS * DAY_MS);
  const month = earliestReceivedMonth(since.getTime());
  const keys = hashes.map((hash) => Buffer.from(hash));
  return db.knex.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [RESOLUTION_LOCK]);
    const unknown = (projection: string): string => `
      SELECT gateway_id, store_id, seq, received_month FROM punch
      WHERE hash_${projection} = ANY(?::bytea[]) AND outcome = 'unknown' AND effective_at >= ?
        AND received_month >= ?::date`;
    const each = [keys, since, month];
    const { changed, batches } = await reResolve(
      trx,
      `${unknown('full')} UNION ${unknown('u32')} UNION ${unknown('w26')}`,
      [...each, ...each, ...each],
    );
    await recountBatches(trx, batches, new Date(clock.wallMs()));
    if (changed > 0) await trx.raw("SELECT pg_notify('rollcall_judge', '')");
    return changed;
  });
}
