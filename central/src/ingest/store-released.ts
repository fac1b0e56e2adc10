import type { Knex } from '../db/database.js';
import { sortByEvidence } from './already-settled.js';
import { storeByHalves } from './by-halves.js';
import { insertAnchors } from './insert-anchors.js';
import { insertEvents, lostRanges } from './insert-events.js';
import { insertPunches } from './insert-punches.js';
import { splitByLaterIds } from './later-ids.js';
import { asConflict, asRefused, quarantineRows } from './quarantine-rows.js';
import { settle } from './settle.js';
import { type GoodRow, IDENTITY_UNNEST, identityBindings, keyOf, type PoisonRow } from './verified-batch.js';

interface Times {
  receivedAt: Date;
  at: Date;
}

/**
 * Stores rows that come out of quarantine as they would have been stored when they came. Their identity is settled
 * already. One that says another thing than the evidence of its identity, or whose punch_id another row has meanwhile,
 * stays in quarantine as a contradiction, and so does one that PostgreSQL refuses: its neighbors pass. One that repeats
 * the evidence of its identity needs nothing.
 *
 * @returns those that became evidence
 */
export async function storeReleased(trx: Knex, rows: readonly GoodRow[], times: Times): Promise<GoodRow[]> {
  const stored: GoodRow[] = [];
  await storeByHalves(rows, {
    // A transaction in a transaction is a savepoint.
    store: async (some) => void stored.push(...(await trx.transaction((save) => store(save, some, times)))),
    refuse: (row, error) => putBack(trx, [asRefused(row, error)], times.at),
  });
  return stored;
}

/** @returns those that became evidence */
async function store(trx: Knex, rows: readonly GoodRow[], { receivedAt, at }: Times): Promise<GoodRow[]> {
  const { fresh, conflicting } = await sortByEvidence(trx, rows);
  await insertAnchors(
    trx,
    fresh.filter((row) => row.kind === 'anchor'),
    receivedAt,
  );
  const events = fresh.filter((row) => row.kind === 'event');
  await insertEvents(trx, events, receivedAt);
  const punches = fresh.filter((row) => row.kind === 'punch');
  const { unseen, taken } = await splitByLaterIds(trx, punches, receivedAt);
  const refused = [...taken, ...(await insertPunches(trx, unseen, receivedAt))];
  if (events.length > 0) await settle(trx, [], lostRanges(events));
  await putBack(trx, [...conflicting, ...refused].map(asConflict), at);
  const staying = new Set(refused.map(keyOf));
  return fresh.filter((row) => !staying.has(keyOf(row)));
}

/** Rows that were taken out of quarantine stay in it after all, for the reason that they say. */
export async function putBack(trx: Knex, rows: readonly PoisonRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `UPDATE quarantine_row q SET code = i.code, problem = i.problem, resolved_at = NULL
     FROM (SELECT * FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS p(code, problem, n)
           JOIN ${IDENTITY_UNNEST} WITH ORDINALITY AS k(gateway_id, store_id, seq, n) USING (n)) i
     WHERE q.gateway_id = i.gateway_id AND q.store_id = i.store_id AND q.seq = i.seq`,
    [
      rows.map(({ code }) => code) as never,
      rows.map(({ problem }) => problem) as never,
      ...identityBindings(rows),
    ],
  );
  // They are in quarantine already; this tells a human why.
  await quarantineRows(trx, rows, at);
}
