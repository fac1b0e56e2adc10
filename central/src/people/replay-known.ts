import type { Database } from '../db/database.js';
import { reResolve } from './re-resolve.js';
import { earliestReceivedMonth } from './received-month.js';
import { RESOLUTION_LOCK } from './replay-unknown.js';

/**
 * Resolves again what was captured as these students' cards since an instant: their card was blocked or handed
 * on, or found again, from then on (domain cases 92, 93). Call it once the change is committed.
 *
 * @returns how many punches changed
 */
export async function replayKnown(
  db: Pick<Database, 'knex'>,
  studentIds: readonly string[],
  since: Date,
): Promise<number> {
  if (studentIds.length === 0) return 0;
  return db.knex.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [RESOLUTION_LOCK]);
    const { changed } = await reResolve(
      trx,
      `SELECT gateway_id, store_id, seq, received_month FROM punch
       WHERE student_id = ANY(?::uuid[]) AND kind IN ('card', 'pin') AND effective_at >= ? AND received_month >= ?::date`,
      [studentIds as never, since, earliestReceivedMonth(since.getTime())],
    );
    if (changed > 0) await trx.raw("SELECT pg_notify('rollcall_judge', '')");
    return changed;
  });
}
