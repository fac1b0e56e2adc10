import type { Knex } from '../db/database.js';
import { findByIndex } from '../db/prepared.js';
import { type Surplus, surplusOf } from '../rules/decide.js';
import { loadFacts } from './load-facts.js';
import type { Pair } from './pair.js';

/** Captures that changed nothing, from the evidence as it is now: they are not kept with the mark (ADR 75). */
export async function loadSurplus(knex: Knex, pair: Pair): Promise<Surplus> {
  const [loaded] = await knex.transaction(
    async (trx) => {
      await findByIndex(trx);
      return loadFacts(trx, [pair]);
    },
    { readOnly: true },
  );
  return loaded === undefined ? { captures: [], more: 0 } : surplusOf(loaded.facts);
}
