import type { Knex } from '../db/database.js';
import { clashesOf, occupySessions } from '../sessions/occupy.js';
import type { Actor } from '../sessions/transition.js';
import { askAgainAboutStraddles, straddlesOf } from './ask-about-straddles.js';
import { type ClassOfDay, isOnDay } from './classes-of-day.js';
import { type CalendarDay, type Holiday, judgeDay } from './day-rules.js';
import { type Taken, transitionAll } from './take-classes.js';
import { tellClashes } from './tell-clashes.js';

/** Classes whose clashes one statement looks for, and that one statement writes the occupancy of. */
const CLASSES_MAX = 200;

/** Word of a class whose slot is not of its day: the day follows another one since it was made. */
export const OTHER_DAY = 'OTHER_DAY';

export interface GiveBackRequest {
  date: string;
  /** Cancelled and held by the transaction. */
  classes: readonly ClassOfDay[];
  /** The calendar of the date without what took them. */
  day: CalendarDay | undefined;
  holidays: readonly Holiday[];
  reason: string;
  nowMs: number;
  actor: Actor;
}

/**
 * Classes that the calendar took come back with the ids that they had (domain case 5), but for those that something
 * else of the calendar takes as well, that a makeup has made good (case 69), or whose room, person or group has
 * another class by now (cases 65, 66): these stay cancelled, and of the last two a person is told.
 *
 * @returns the ids of those that are back
 */
export async function giveBackClasses(trx: Knex, request: GiveBackRequest): Promise<string[]> {
  const { date, classes, day, holidays, nowMs } = request;
  const free: string[] = [];
  const kept = new Map<string, { taken: Taken; ids: string[] }>();
  for (const one of classes) {
    const taken = takenBy(one, { date, day, holidays });
    if (taken === undefined) {
      free.push(one.id);
      continue;
    }
    const key = `${taken.statusReason} ${taken.holidayId}`;
    kept.set(key, { taken, ids: [...(kept.get(key)?.ids ?? []), one.id] });
  }
  for (const { taken, ids } of kept.values()) await keepCancelled(trx, ids, taken);
  const back = await withoutHindered(trx, free, nowMs);
  await transitionAll(trx, 'restore', back, request);
  await trx('attendance_session').whereIn('id', back).update({ status_reason: '', holiday_id: null });
  for (const ids of chunksOf(back)) await tellClashes(trx, await occupySessions(trx, ids), nowMs);
  // Declared while they were cancelled, a half-day asked nobody about them.
  const isBack = new Set(back);
  const returned = classes.filter(({ id }) => isBack.has(id));
  await askAgainAboutStraddles(trx, straddlesOf(returned, holidays), nowMs);
  return back;
}

/** Another holiday, or the day itself, that takes the class just as well. */
function takenBy(
  one: ClassOfDay,
  { date, day, holidays }: Pick<GiveBackRequest, 'date' | 'day' | 'holidays'>,
): Taken | undefined {
  const verdict = judgeDay(one, day, holidays);
  if (verdict.kind === 'left_out') return { statusReason: verdict.reason, holidayId: verdict.holidayId };
  return isOnDay(one, date, day) ? undefined : { statusReason: OTHER_DAY, holidayId: null };
}

async function keepCancelled(
  trx: Knex,
  ids: readonly string[],
  { statusReason, holidayId }: Taken,
): Promise<void> {
  await trx('attendance_session')
    .whereIn('id', [...ids])
    .update({ status_reason: statusReason, holiday_id: holidayId });
}

/** Looked at before any is back: classes that the timetable itself gave one room come back as they were. */
async function withoutHindered(trx: Knex, ids: readonly string[], nowMs: number): Promise<string[]> {
  const hindered = new Map<string, string>();
  for (const chunk of chunksOf(ids)) {
    for (const { sessionId, kind, resourceId, other } of await clashesOf(trx, chunk)) {
      hindered.set(sessionId, `the ${kind} ${resourceId} has another class then: ${other}`);
    }
    for (const { id, makeup } of await makeupsOf(trx, chunk)) {
      hindered.set(id, `it was made good by the makeup of ${makeup}`);
    }
  }
  await keepCancelled(trx, [...hindered.keys()], { statusReason: 'NOT_RESTORED', holidayId: null });
  await tellHindered(trx, hindered, nowMs);
  return ids.filter((id) => !hindered.has(id));
}

async function makeupsOf(trx: Knex, ids: readonly string[]): Promise<{ id: string; makeup: string }[]> {
  return trx('attendance_session')
    .whereIn('replaces_session_id', [...ids])
    .where({ origin: 'makeup' })
    .select<{ id: string; makeup: string }[]>('replaces_session_id as id', 'scheduled_date as makeup');
}

async function tellHindered(trx: Knex, hindered: ReadonlyMap<string, string>, nowMs: number): Promise<void> {
  const items = [...hindered].map(([session, why]) => ({ session, why }));
  await trx.raw(
    `INSERT INTO exception_item (at, code, message, session_id)
     SELECT ?::timestamptz, 'CLASS_NOT_RESTORED',
       'What cancelled this class was withdrawn, but it stays cancelled: ' || why, session
     FROM jsonb_to_recordset(?::jsonb) AS h (session uuid, why text) ON CONFLICT DO NOTHING`,
    [new Date(nowMs), JSON.stringify(items)],
  );
}

function chunksOf(ids: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < ids.length; start += CLASSES_MAX)
    chunks.push(ids.slice(start, start + CLASSES_MAX));
  return chunks;
}
