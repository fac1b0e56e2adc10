import type { Knex } from '../db/database.js';
import { askAgainAboutStraddles, settleStraddlesOf } from './ask-about-straddles.js';
import { holdClassesOfDay } from './classes-of-day.js';
import { halfDaysAround } from './day-rules.js';
import { loadCalendar } from './load-calendar.js';

interface OneClass {
  id: string;
  /** Campus-local. */
  scheduled_date: string;
}

/** The half-days, by their ids, that the class lies in partly: not those that take it altogether. */
export async function halfDaysOf(trx: Knex, { id, scheduled_date: date }: OneClass): Promise<string[]> {
  const holidays = (await loadCalendar(trx, date, date)).holidaysOn(date);
  if (holidays.length === 0) return [];
  const [one] = await holdClassesOfDay(trx, date, { where: 's.id = ?::uuid', bindings: [id] });
  return one === undefined ? [] : halfDaysAround(one, holidays).map((holiday) => holiday.id);
}

/**
 * Puts a class that was made, moved or brought back by hand before a person where it lies partly in a half-day (domain case 7), and
 * takes an open question back that is none any more. What was said about a half-day that the class stays in stands;
 * what a person puts altogether into one takes place, as what they bring back does.
 */
export async function askAboutHalfDays(
  trx: Knex,
  one: OneClass,
  { before, nowMs }: { before: readonly string[]; nowMs: number },
): Promise<void> {
  const now = await halfDaysOf(trx, one);
  const wasAsked = await settleStraddlesOf(trx, { sessionId: one.id, except: now, nowMs });
  // One question of a class is open at a time: the others may not have been asked about beside it.
  const asked = wasAsked ? now : now.filter((id) => !before.includes(id));
  await askAgainAboutStraddles(
    trx,
    asked.map((holidayId) => ({ id: one.id, holidayId })),
    nowMs,
  );
}

/**
 * Once a person keeps the class in one half-day, they are asked about the next that it lies in: one question of a class is
 * open at a time (domain case 7). The caller holds the holidays and the class.
 */
export async function askAboutNextHalfDay(trx: Knex, one: OneClass, nowMs: number): Promise<void> {
  const now = await halfDaysOf(trx, one);
  await askAgainAboutStraddles(
    trx,
    now.map((holidayId) => ({ id: one.id, holidayId })),
    nowMs,
  );
}
