import type { Knex } from '../db/database.js';

export interface Straddle {
  /** Of the class. */
  id: string;
  holidayId: string;
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
