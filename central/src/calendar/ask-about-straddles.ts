import type { Knex } from '../db/database.js';
import type { ClassOfDay } from './classes-of-day.js';
import { type Holiday, halfDaysAround } from './day-rules.js';

export interface Straddle {
  /** Of the class. */
  id: string;
  holidayId: string;
}

/** What a person has answered is not open any more, and no answer to what is asked from now on. */
const SETTLED = `resolved_at = coalesce(resolved_at, ?::timestamptz),
       detail = detail || CASE WHEN resolved_by IS NULL THEN '{}' ELSE '{"is_outdated": true}' END::jsonb
     WHERE code = 'HOLIDAY_STRADDLE' AND (resolved_at IS NULL OR resolved_by IS NOT NULL)`;

/**
 * Nobody needs to decide any more about a half-day that is withdrawn or moved. By who holds the classes of its day: whoever
 * cancels one settles its question while holding it.
 *
 * @returns the classes that somebody was still asked about
 */
export async function settleStraddles(
  trx: Knex,
  { holidayId, nowMs }: { holidayId: string; nowMs: number },
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: SettledRow[] }>(
    `UPDATE exception_item SET ${SETTLED} AND detail @> jsonb_build_object('holiday_id', ?::text)
     RETURNING session_id AS id, resolved_by IS NOT NULL AS is_answered`,
    [new Date(nowMs), holidayId],
  );
  return rows.flatMap(({ id, is_answered: isAnswered }) => (isAnswered ? [] : [id]));
}

interface SettledRow {
  id: string;
  is_answered: boolean;
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
  const { rows } = await trx.raw<{ rows: SettledRow[] }>(
    `UPDATE exception_item SET ${SETTLED} AND session_id = ?::uuid AND detail->>'holiday_id' <> ALL(?::text[])
     RETURNING session_id AS id, resolved_by IS NOT NULL AS is_answered`,
    [new Date(nowMs), sessionId, except as never],
  );
  return rows.some(({ is_answered: isAnswered }) => !isAnswered);
}

/** Of these classes, which lie partly in which half-day. */
export const straddlesOf = (classes: readonly ClassOfDay[], holidays: readonly Holiday[]): Straddle[] =>
  classes.flatMap((one) =>
    halfDaysAround(one, holidays).map((holiday) => ({ id: one.id, holidayId: holiday.id })),
  );

/** As {@link askAboutStraddles}, about half-days that may have been asked about before: what a person answered stands. */
export async function askAgainAboutStraddles(
  trx: Knex,
  straddles: readonly Straddle[],
  nowMs: number,
): Promise<void> {
  if (straddles.length === 0) return;
  const { rows } = await trx.raw<{ rows: { id: string; holiday: string }[] }>(
    `SELECT session_id AS id, detail->>'holiday_id' AS holiday FROM exception_item
     WHERE code = 'HOLIDAY_STRADDLE' AND session_id = ANY(?::uuid[]) AND resolved_by IS NOT NULL
       AND NOT jsonb_exists(detail, 'is_outdated')`,
    [straddles.map(({ id }) => id) as never],
  );
  const answered = new Set(rows.map(({ id, holiday }) => `${id} ${holiday}`));
  const open = straddles.filter(({ id, holidayId }) => !answered.has(`${id} ${holidayId}`));
  await askAboutStraddles(trx, open, nowMs);
}

/** Classes that lie partly in a half-day holiday: they are kept, and a person decides about one at a time (domain case 7). */
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

/** As if asked and answered: whoever declares the half-day has said that these take place all the same (domain cases 6, 7). */
export async function keepStraddling(
  trx: Knex,
  straddles: readonly Straddle[],
  { nowMs, keptBy }: { nowMs: number; keptBy: string | null },
): Promise<void> {
  if (straddles.length === 0) return;
  const now = new Date(nowMs);
  await trx('exception_item').insert(
    straddles.map(({ id, holidayId }) => ({
      at: now,
      code: 'HOLIDAY_STRADDLE',
      message: 'The class lies partly in a half-day holiday, and was kept when that was declared',
      session_id: id,
      detail: { holiday_id: holidayId },
      resolved_at: now,
      resolved_by: keptBy,
      decision: 'hold',
    })),
  );
}
