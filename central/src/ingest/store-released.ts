import type { Knex } from '../db/database.js';
import { receivedMonth } from '../people/received-month.js';
import { insertAnchors } from './insert-anchors.js';
import { insertEvents, lostRanges } from './insert-events.js';
import { insertPunches } from './insert-punches.js';
import { asConflict, quarantineRows } from './quarantine-rows.js';
import { settle } from './settle.js';
import { type GoodRow, IDENTITY_UNNEST, identityBindings, type PunchRow } from './verified-batch.js';

/**
 * Stores rows that come out of quarantine as they would have been stored when they came. Their identity is settled
 * already; one whose punch_id another row has meanwhile stays in quarantine, as a contradiction.
 *
 * @returns those that stay
 */
export async function storeReleased(
  trx: Knex,
  rows: readonly GoodRow[],
  { receivedAt, at }: { receivedAt: Date; at: Date },
): Promise<GoodRow[]> {
  await insertAnchors(
    trx,
    rows.filter((row) => row.kind === 'anchor'),
    receivedAt,
  );
  const events = rows.filter((row) => row.kind === 'event');
  await insertEvents(trx, events, receivedAt);
  const punches = rows.filter((row) => row.kind === 'punch');
  const { unseen, taken } = await splitByLaterIds(trx, punches, receivedAt);
  const refused = [...taken, ...(await insertPunches(trx, unseen, receivedAt))];
  if (events.length > 0) await settle(trx, [], lostRanges(events));
  await putBack(trx, refused, at);
  return refused;
}

/** What came since this was received may have brought its punch_id: insertPunches looks at earlier months only. */
async function splitByLaterIds(
  trx: Knex,
  rows: readonly PunchRow[],
  receivedAt: Date,
): Promise<{ unseen: PunchRow[]; taken: PunchRow[] }> {
  if (rows.length === 0) return { unseen: [], taken: [] };
  const result = await trx.raw<{ rows: { punch_id: string }[] }>(
    'SELECT punch_id FROM punch WHERE punch_id = ANY(?::uuid[]) AND received_month > ?::date',
    [rows.map(({ row }) => row.punch_id) as never, receivedMonth(receivedAt)],
  );
  const known = new Set(result.rows.map(({ punch_id }) => punch_id));
  const isTaken = ({ row }: PunchRow): boolean => known.has(row.punch_id.toLowerCase());
  return { unseen: rows.filter((row) => !isTaken(row)), taken: rows.filter(isTaken) };
}

async function putBack(trx: Knex, rows: readonly GoodRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  const conflicts = rows.map(asConflict);
  await trx.raw(
    `UPDATE quarantine_row q SET code = 'EVENT_ID_CONFLICT', problem = i.problem, resolved_at = NULL
     FROM (SELECT * FROM unnest(?::text[]) WITH ORDINALITY AS p(problem, n)
           JOIN ${IDENTITY_UNNEST} WITH ORDINALITY AS k(gateway_id, store_id, seq, n) USING (n)) i
     WHERE q.gateway_id = i.gateway_id AND q.store_id = i.store_id AND q.seq = i.seq`,
    [conflicts.map(({ problem }) => problem) as never, ...identityBindings(conflicts)],
  );
  // They are in quarantine already; this tells a human why.
  await quarantineRows(trx, conflicts, at);
}
