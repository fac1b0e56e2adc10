import type { Knex } from '../db/database.js';
import { receivedMonth } from '../people/received-month.js';
import type { PunchRow } from './verified-batch.js';

/**
 * Divides punches that are stored as of an earlier time by whether what came since has brought their punch_id: insertPunches
 * looks at earlier months only.
 */
export async function splitByLaterIds(
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
