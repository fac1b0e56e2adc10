import { arrayText } from '../db/array-text.js';
import type { Knex } from '../db/database.js';
import { earliestReceivedMonth, receivedMonth } from '../people/received-month.js';
import type { PunchRow } from './verified-batch.js';

/**
 * Divides punches by whether their punch_id is kept already in the partition of an earlier month. Within one
 * month a unique key says so; over months nothing does, and only an id that was made before this month can be
 * there: as a rule none is, and nothing is asked.
 */
export async function splitByOlderIds(
  trx: Knex,
  rows: readonly PunchRow[],
  at: Date,
): Promise<{ unseen: readonly PunchRow[]; taken: PunchRow[] }> {
  const month = receivedMonth(at);
  const monthStartMs = Date.parse(month);
  const older = rows.filter(({ row }) => madeAtMs(row.punch_id) < monthStartMs);
  if (older.length === 0) return { unseen: rows, taken: [] };
  const ids = older.map(({ row }) => row.punch_id);
  const earliest = earliestReceivedMonth(Math.min(...ids.map(madeAtMs)));
  const result = await trx.raw<{ rows: { punch_id: string }[] }>(
    `SELECT punch_id FROM punch
     WHERE punch_id = ANY(?::uuid[]) AND received_month >= ?::date AND received_month < ?::date`,
    [arrayText(ids), earliest, month],
  );
  const known = new Set(result.rows.map(({ punch_id }) => punch_id));
  return {
    unseen: rows.filter(({ row }) => !known.has(row.punch_id)),
    taken: rows.filter(({ row }) => known.has(row.punch_id)),
  };
}

/** The first 48 bits of a UUID of version 7 are milliseconds since 1970 (RFC 9562 §5.7). */
function madeAtMs(punchId: string): number {
  return Number.parseInt(punchId.slice(0, 8) + punchId.slice(9, 13), 16);
}
