import type { Knex } from '../db/database.js';
import { findByIndex } from '../db/prepared.js';
import { type Surplus, surplusOf } from '../rules/decide.js';
import { type Derivation, SURPLUS_REASONS } from '../rules/derivation.js';
import { loadFacts } from './load-facts.js';
import type { Pair } from './pair.js';

const NOTHING = { captures: [], more: 0 };

/**
 * Captures that changed nothing, from the evidence as it is now: they are not kept with the mark (ADR 75). None where the mark keeps all, as those of
 * earlier centrals do, or is not the one of this evidence: it is locked, or not judged yet.
 */
export async function loadSurplus(
  knex: Knex,
  pair: Pair,
  { used, ignored }: Derivation,
): Promise<Pick<Surplus, 'captures' | 'more'>> {
  if (ignored.some(({ why }) => SURPLUS_REASONS.has(why))) return NOTHING;
  const [loaded] = await knex.transaction(
    async (trx) => {
      await findByIndex(trx);
      return loadFacts(trx, [pair]);
    },
    { readOnly: true },
  );
  if (loaded === undefined) return NOTHING;
  const { usedIds, captures, more } = surplusOf(loaded.facts);
  const isOfMark = usedIds.length === used.length && used.every(({ punch_id }) => usedIds.includes(punch_id));
  return isOfMark ? { captures, more } : NOTHING;
}
