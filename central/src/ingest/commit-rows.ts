import { isDeepStrictEqual } from 'node:util';
import { crashPoint } from '../crash-point.js';
import type { Database, Knex } from '../db/database.js';
import { promoteClaims } from '../devices/watermark.js';
import { RESOLUTION_LOCK } from '../people/replay-unknown.js';
import { sortBySettled } from './already-settled.js';
import { insertAnchors } from './insert-anchors.js';
import { insertEvents, lostRanges } from './insert-events.js';
import { insertPunches } from './insert-punches.js';
import { splitByLaterIds } from './later-ids.js';
import { asConflict, quarantineRows } from './quarantine-rows.js';
import { releaseFutureRows } from './release-future-rows.js';
import { settle } from './settle.js';
import { type GoodRow, type IngestRow, keyOf, type PoisonRow } from './verified-batch.js';

/** How many rows of one transaction became what. */
export interface Committed {
  stored: number;
  duplicate: number;
  quarantined: number;
}

/**
 * Stores rows of any gateways in one transaction; when it returns they are committed and settled.
 *
 * @param at when they were received
 * @param isAgain that is some time ago, and others have come since
 */
export async function commitRows(
  db: Pick<Database, 'knex'>,
  rows: readonly IngestRow[],
  at: Date,
  isAgain = false,
): Promise<Committed> {
  const committed = await db.knex.transaction(async (trx) => {
    const revoked = await lockGateways(trx, rows);
    const result = await storeRows(
      trx,
      rows.filter(({ gatewayId }) => !revoked.has(gatewayId)),
      { at, isAgain },
    );
    crashPoint('before-commit');
    return result;
  });
  crashPoint('after-commit');
  return committed;
}

/**
 * One transaction at a time per gateway, over all replicas: an anchor and a punch of the same boot that meet
 * in two replicas would otherwise not see each other. Always in the order of the ids, so that two replicas
 * with batches of the same gateways cannot wait for each other.
 *
 * @returns those that were revoked after their signature was checked: nothing of them is stored any more
 */
export async function lockGateways(
  trx: Knex,
  rows: readonly Pick<IngestRow, 'gatewayId'>[],
): Promise<Set<string>> {
  const ids = [...new Set(rows.map((row) => row.gatewayId))].sort();
  await trx.raw('SELECT pg_advisory_xact_lock_shared(?)', [RESOLUTION_LOCK]);
  const held = await trx.raw<{ rows: { id: string; is_revoked: boolean }[] }>(
    'SELECT id, revoked_at IS NOT NULL AS is_revoked FROM gateway WHERE id = ANY(?::text[]) ORDER BY id FOR NO KEY UPDATE',
    [ids],
  );
  return new Set(held.rows.flatMap(({ id, is_revoked: isRevoked }) => (isRevoked ? [id] : [])));
}

async function storeRows(
  trx: Knex,
  rows: readonly IngestRow[],
  { at, isAgain }: { at: Date; isAgain: boolean },
): Promise<Committed> {
  const { unique, contradicting } = dropRepeated(rows);
  const sent = unique.filter((row): row is GoodRow => row.kind !== 'poison');
  const { fresh, conflicting } = await sortBySettled(trx, sent);
  // Anchors first: the punches of the same transaction are placed by them.
  await insertAnchors(
    trx,
    fresh.filter((row) => row.kind === 'anchor'),
    at,
  );
  const events = fresh.filter((row) => row.kind === 'event');
  await insertEvents(trx, events, at);
  const punches = fresh.filter((row) => row.kind === 'punch');
  const { unseen, taken } = isAgain
    ? await splitByLaterIds(trx, punches, at)
    : { unseen: punches, taken: [] };
  const refused = [...taken, ...(await insertPunches(trx, unseen, at))];
  const poison = unique.filter((row): row is PoisonRow => row.kind === 'poison');
  const conflicts = [...conflicting, ...contradicting, ...refused].map(asConflict);
  await quarantineRows(trx, [...poison, ...conflicts], at);
  const early = poison.filter(({ code }) => code === 'TIME_IN_FUTURE').map(({ gatewayId }) => gatewayId);
  if (early.length > 0) await releaseFutureRows(trx, [...new Set(early)], at);
  await settle(trx, unique, lostRanges(events));
  await promoteClaims(trx, [...new Set(rows.map((row) => row.gatewayId))]);
  const quarantined = poison.length + conflicts.length;
  const stored = fresh.length - refused.length;
  return { stored, quarantined, duplicate: rows.length - stored - quarantined };
}

/** Repetitions inside one transaction: the first of equal identity counts, as it does between transactions. */
function dropRepeated(rows: readonly IngestRow[]): { unique: IngestRow[]; contradicting: GoodRow[] } {
  const first = new Map<string, IngestRow>();
  const contradicting: GoodRow[] = [];
  for (const row of rows) {
    const known = first.get(keyOf(row));
    if (known === undefined) first.set(keyOf(row), row);
    else if (row.kind !== 'poison' && known.kind !== 'poison' && !isSame(row, known)) contradicting.push(row);
  }
  return { unique: [...first.values()], contradicting };
}

function isSame(row: GoodRow, known: GoodRow): boolean {
  return row.kind === known.kind && isDeepStrictEqual(row.row, known.row);
}
