import type { Knex } from '../db/database.js';

export interface Straddle {
  /** Of the class. */
  id: string;
  holidayId: string;
}

/**
 * Nobody needs to decide any more about a half-day that is withdrawn.
 *
 * @returns the classes that somebody was still asked about
 */
export async function settleStraddles(
  trx: Knex,
  { holidayId, nowMs }: { holidayId: string; nowMs: number },
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `UPDATE exception_item SET resolved_at = ?::timestamptz
     WHERE code = 'HOLIDAY_STRADDLE' AND resolved_at IS NULL AND detail @> jsonb_build_object('holiday_id', ?::text)
     RETURNING session_id AS id`,
    [new Date(nowMs), holidayId],
  );
  return rows.map(({ id }) => id);
}

/**
 * Nor about a class that lies in none of the half-days that it was asked about any more.
 *
 * @returns whether somebody was still asked
 */
export async function settleStraddlesOf(
  trx: Knex,
  { sessionId, except, nowMs }: { sessionId: string; except: readonly string[]; nowMs: number },
): Promise<boolean> {
  const settled = await trx('exception_item')
    .where({ code: 'HOLIDAY_STRADDLE', session_id: sessionId, resolved_at: null })
    .whereRaw(`detail->>'holiday_id' <> ALL(?::text[])`, [except as never])
    .update({ resolved_at: new Date(nowMs) });
  return settled > 0;
}

/** Classes that lie partly in a half-day holiday: they are kept, and a person decides (domain case 7). */
export async function askAboutStraddles(
  trx: Knex,
  straddles: readonly Straddle[],
  nowMs: number,
): Promise<void> {
  if (straddles.length === 0) return;
  await trx.raw(
    `INSERT INTO exception_item (at, code, message, session_id, detail)
     SELECT ?::timestamptz, 'HOLIDAY_STRADDLE',
       'The class lies partly in a half-day holiday: keep it, or cancel it', id, jsonb_build_object('holiday_id', holiday)
     FROM unnest(?::uuid[], ?::text[]) AS t (id, holiday) ON CONFLICT DO NOTHING`,
    [
      new Date(nowMs),
      straddles.map(({ id }) => id) as never,
      straddles.map(({ holidayId }) => holidayId) as never,
    ],
  );
}
