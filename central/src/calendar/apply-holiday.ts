import type { Knex } from '../db/database.js';
import { queueSession } from '../sessions/record-change.js';
import type { Actor } from '../sessions/transition.js';
import {
  askAboutStraddles,
  askAgainAboutStraddles,
  keepStraddling,
  settleStraddles,
  straddlesOf,
} from './ask-about-straddles.js';
import { holdClassesOfDay } from './classes-of-day.js';
import { type Holiday, isMeant, judgeDay } from './day-rules.js';
import { giveBackClasses } from './give-back-classes.js';
import { loadCalendar } from './load-calendar.js';
import { queueStudentsOnHoliday } from './queue-students-on-holiday.js';
import { takeClasses } from './take-classes.js';

/** What a holiday does to the class sessions that exist already. */
export interface HolidayEffect {
  cancelled: string[];
  /** Were going on when it was declared. */
  notHeld: string[];
  /** Lie partly in it: a person decides. */
  flagged: string[];
  /** Kept for their other groups; whoever it is meant for is not required. */
  partly: string[];
}

export interface HolidayRequest {
  holiday: Holiday;
  nowMs: number;
  /** Take place all the same, whatever the holiday says (domain case 6). */
  keep?: readonly string[];
}

/**
 * What a holiday means for the sessions of its date: finished ones stay held, open ones were not held, later
 * ones are cancelled (domain cases 4, 6, 7, 8). Changes nothing.
 */
export async function holidayEffect(
  trx: Knex,
  { holiday, nowMs, keep = [] }: HolidayRequest,
): Promise<HolidayEffect & { keptStraddling: string[] }> {
  const effect: HolidayEffect = { cancelled: [], notHeld: [], flagged: [], partly: [] };
  const keptStraddling: string[] = [];
  // As PostgreSQL writes a uuid; whoever names one may have written it in capitals.
  const kept = new Set(keep.map((id) => id.toLowerCase()));
  for (const one of await holdClassesOfDay(trx, holiday.date, { where: UNLOCKED, bindings: [] })) {
    const verdict = judgeDay(one, undefined, [holiday]);
    if (kept.has(one.id)) {
      if (verdict.kind === 'straddles') keptStraddling.push(one.id);
    } else if (verdict.kind === 'held') {
      const isMeantPartly = one.groups.some((group) => isMeant(group, holiday));
      if (isMeantPartly && holiday.startTime === null) effect.partly.push(one.id);
    } else if (verdict.kind === 'straddles') effect.flagged.push(one.id);
    else if (one.status === 'scheduled') effect.cancelled.push(one.id);
    // A class that had ended by then was held.
    else if (one.status === 'open' && one.endAtMs > nowMs) effect.notHeld.push(one.id);
  }
  return { ...effect, keptStraddling };
}

const UNLOCKED = "s.status IN ('scheduled', 'open', 'closed', 'finalized')";

export async function applyHoliday(
  trx: Knex,
  request: HolidayRequest & { actor: Actor },
): Promise<HolidayEffect> {
  const { holiday, nowMs, actor } = request;
  const effect = await holidayEffect(trx, request);
  await takeClasses(trx, {
    cancelled: effect.cancelled,
    notHeld: effect.notHeld,
    statusReason: 'HOLIDAY',
    holidayId: holiday.id,
    reason: `HOLIDAY: ${holiday.name}`,
    told: holiday.name,
    nowMs,
    actor,
  });
  await queueStudentsOnHoliday(trx, holiday);
  await askAboutStraddles(
    trx,
    effect.flagged.map((id) => ({ id, holidayId: holiday.id })),
    nowMs,
  );
  await keepStraddling(
    trx,
    effect.keptStraddling.map((id) => ({ id, holidayId: holiday.id })),
    { nowMs, keptBy: actor.performedBy },
  );
  return effect;
}

/** The classes that it took come back (case 5), however many; those that were kept in part are judged anew. */
export async function withdrawHoliday(
  trx: Knex,
  { holiday, nowMs, actor }: HolidayRequest & { actor: Actor },
): Promise<string[]> {
  const { date } = holiday;
  const calendar = await loadCalendar(trx, date, date);
  const holidays = calendar.holidaysOn(date).filter(({ id }) => id !== holiday.id);
  // All at once, in the one order: those that come back, that are judged anew, and that people were asked about.
  const classes = await holdClassesOfDay(trx, date, {
    where: `${UNLOCKED} OR s.holiday_id = ?::uuid AND s.status = 'cancelled'`,
    bindings: [holiday.id],
  });
  const restored = await giveBackClasses(trx, {
    date,
    classes: classes.filter(({ status }) => status === 'cancelled'),
    day: calendar.dayOf(date),
    holidays,
    reason: `holiday withdrawn: ${holiday.name}`,
    nowMs,
    actor,
  });
  const kept = classes.filter(({ status }) => status !== 'cancelled');
  for (const { id } of kept) await queueSession(trx, id);
  // One question of a class is open at a time: a second half-day that it lies in was not asked about beside the first.
  const asked = new Set(await settleStraddles(trx, { holidayId: holiday.id, nowMs }));
  const askedAbout = kept.filter(({ id }) => asked.has(id));
  await askAgainAboutStraddles(trx, straddlesOf(askedAbout, holidays), nowMs);
  return restored;
}
