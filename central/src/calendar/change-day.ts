import type { Knex } from '../db/database.js';
import type { Actor } from '../sessions/transition.js';
import { type ClassOfDay, holdClassesOfDay, isOnDay } from './classes-of-day.js';
import { type CalendarDay, judgeDay } from './day-rules.js';
import { giveBackClasses, OTHER_DAY } from './give-back-classes.js';
import { holdCalendarAlone } from './hold-calendar.js';
import { loadCalendar } from './load-calendar.js';
import { takeClasses } from './take-classes.js';

/** What a changed day of the calendar did to the class sessions that exist already. */
export interface DayEffect {
  cancelled: string[];
  /** Were going on. */
  notHeld: string[];
  restored: string[];
}

export interface DayChange {
  date: string;
  /** As it was; the database has it as it is. */
  before: CalendarDay | undefined;
  nowMs: number;
  actor: Actor;
}

/** Words of classes that a day took: by its kind, or because it follows another day (domain case 9). */
export const DAY_REASONS = ['NO_CLASSES', 'EXAM_DAY', OTHER_DAY];

/**
 * Brings the class sessions of a date in line with its day, as holidays do: a day without classes and an exam day take
 * all that have not ended, a day that follows another one takes those that its own timetable made, and what the day
 * took before and does not take any more comes back (domain cases 4, 5, 6, 9, 73). A holiday that is declared meanwhile waits
 * for it, or is waited for, and so do classes that are made: the calendar is held before classes, as everywhere (ADR 71).
 */
export async function applyDay(trx: Knex, change: DayChange): Promise<DayEffect> {
  const { date, nowMs, actor } = change;
  await holdCalendarAlone(trx);
  const calendar = await loadCalendar(trx, date, date);
  const day = calendar.dayOf(date);
  const classes = await holdClassesOfDay(trx, date, {
    where: `s.status IN ('scheduled', 'open') OR s.status = 'cancelled' AND s.status_reason IN (${DAY_REASONS.map(() => '?').join(', ')})`,
    bindings: DAY_REASONS,
  });
  const effect: DayEffect = { cancelled: [], notHeld: [], restored: [] };
  // First what goes: a class that comes back may need its room, its person and its group.
  for (const [statusReason, taken] of takenByDay(classes, day, change)) {
    await takeClasses(trx, {
      ...taken,
      statusReason,
      holidayId: null,
      reason: `calendar day: ${statusReason}`,
      told: statusReason,
      nowMs,
      actor,
    });
    effect.cancelled.push(...taken.cancelled);
    effect.notHeld.push(...taken.notHeld);
  }
  effect.restored = await giveBackClasses(trx, {
    date,
    classes: classes.filter(({ status }) => status === 'cancelled'),
    day,
    holidays: calendar.holidaysOn(date),
    reason: 'the day of the calendar was changed',
    nowMs,
    actor,
  });
  return effect;
}

type TakenClasses = Pick<DayEffect, 'cancelled' | 'notHeld'>;

/** By the word that each class keeps. */
function takenByDay(
  classes: readonly ClassOfDay[],
  day: CalendarDay | undefined,
  { date, before, nowMs }: DayChange,
): Map<string, TakenClasses> {
  const taken = new Map<string, TakenClasses>();
  for (const one of classes) {
    const reason = reasonToTake(one, day, { date, before });
    if (reason === undefined || one.status === 'cancelled') continue;
    const entry = taken.get(reason) ?? { cancelled: [], notHeld: [] };
    taken.set(reason, entry);
    if (one.status === 'scheduled') entry.cancelled.push(one.id);
    // A class that had ended by then was held; one that goes on while its day turns into another is.
    else if (one.status === 'open' && one.endAtMs > nowMs && reason !== OTHER_DAY) entry.notHeld.push(one.id);
  }
  return taken;
}

function reasonToTake(
  one: ClassOfDay,
  day: CalendarDay | undefined,
  { date, before }: Pick<DayChange, 'date' | 'before'>,
): string | undefined {
  const verdict = judgeDay(one, day, []);
  if (verdict.kind === 'left_out') return verdict.reason;
  // What a person has moved here, or opened, is not the timetable's any more (case 72).
  const isLost = !one.isHandChanged && isOnDay(one, date, before) && !isOnDay(one, date, day);
  return isLost ? OTHER_DAY : undefined;
}
