import type { Knex } from '../db/database.js';
import { judgePairs } from './judge-pairs.js';
import type { Pair } from './pair.js';
import type { ChangedRecord } from './save-decisions.js';
import { actorsWaiting } from './take-pairs.js';

/**
 * Judges pairs in the transaction of a person's request. Marks that come of evidence which waited for the judge
 * stay nobody's doing, or the student's who scanned.
 *
 * @returns the records that changed
 */
export async function judgeInRequest(
  trx: Knex,
  pairs: readonly Pair[],
  nowMs: number,
): Promise<ChangedRecord[]> {
  return judgePairs(trx, pairs, nowMs, { actorsOf: (captured) => actorsWaiting(trx, captured) });
}
