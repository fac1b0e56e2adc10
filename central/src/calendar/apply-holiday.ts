import type { Knex } from '../db/database.js';
import { occupySessions } from '../sessions/occupy.js';
import { queueSession } from '../sessions/record-change.js';
import { tellCancelled } from '../sessions/tell-cancelled.js';
import { type Actor, transition } from '../sessions/transition.js';
import { type Group, type Holiday, isMeant, judgeDay } from './day-rules.js';

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

interface SessionOnDay {
  id: string;
  status: string;
  start_at: Date;
  end_at: Date;
  start_time: string;
  end_time: string;
  groups: { id: string; year: number | null; department: string | null }[];
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
  knex: Knex,
  { holiday, nowMs, keep = [] }: HolidayRequest,
): Promise<HolidayEffect> {
  const effect: HolidayEffect = { cancelled: [], notHeld: [], flagged: [], partly: [] };
  for (const session of await sessionsOn(knex, holiday.date)) {
    if (keep.includes(session.id)) continue;
    const groups = session.groups.map(
      (group): Group => ({ sectionId: group.id, yearOfStudy: group.year, departmentId: group.department }),
    );
    const verdict = judgeDay(
      { groups, startTime: session.start_time, endTime: session.end_time },
      undefined,
      [holiday],
    );
    if (verdict.kind === 'held') {
      if (groups.some((group) => isMeant(group, holiday)) && holiday.startTime === null) {
        effect.partly.push(session.id);
      }
    } else if (verdict.kind === 'straddles') effect.flagged.push(session.id);
    else if (session.status === 'scheduled') effect.cancelled.push(session.id);
    // A class that had ended by then was held.
    else if (session.status === 'open' && session.end_at.getTime() > nowMs) effect.notHeld.push(session.id);
  }
  return effect;
}

export async function applyHoliday(
  trx: Knex,
  request: HolidayRequest & { actor: Actor },
): Promise<HolidayEffect> {
  const { holiday, nowMs, actor } = request;
  const effect = await holidayEffect(trx, request);
  const reason = `HOLIDAY: ${holiday.name}`;
  await change(trx, 'cancel', effect.cancelled, { holiday, nowMs, actor, reason });
  await change(trx, 'not_held', effect.notHeld, { holiday, nowMs, actor, reason });
  for (const id of effect.partly) await queueSession(trx, id);
  await flag(trx, effect, holiday, nowMs);
  const ids = [...effect.cancelled, ...effect.notHeld];
  await tellCancelled(trx, { ids, reason: holiday.name, nowMs });
  return effect;
}

/** The classes that it took come back, with the ids that they had (case 5). */
export async function withdrawHoliday(
  trx: Knex,
  { holiday, nowMs, actor }: HolidayRequest & { actor: Actor },
): Promise<string[]> {
  const ids = await transition(trx, {
    action: 'restore',
    where: 's.holiday_id = ?::uuid',
    bindings: [holiday.id],
    nowMs,
    actor,
    reason: `holiday withdrawn: ${holiday.name}`,
  });
  await trx('attendance_session').whereIn('id', ids).update({ status_reason: '', holiday_id: null });
  await occupySessions(trx, ids);
  const kept = await trx('attendance_session').where({ scheduled_date: holiday.date }).pluck<string[]>('id');
  for (const id of kept.filter((one) => !ids.includes(one))) await queueSession(trx, id);
  return ids;
}

async function sessionsOn(knex: Knex, date: string): Promise<SessionOnDay[]> {
  const { rows } = await knex.raw<{ rows: SessionOnDay[] }>(
    `SELECT s.id, s.status, s.start_at, s.end_at, to_char(s.start_at AT TIME ZONE z.zone, 'HH24:MI') AS start_time,
       to_char(s.end_at AT TIME ZONE z.zone, 'HH24:MI') AS end_time,
       (SELECT jsonb_agg(jsonb_build_object('id', g.id, 'year', coalesce(g.year_of_study, o.year_of_study),
          'department', coalesce(g.department_id, o.department_id)) ORDER BY g.id)
        FROM session_section x JOIN section g ON g.id = x.section_id LEFT JOIN section o ON o.id = g.parent_id
        WHERE x.session_id = s.id) AS groups
     FROM attendance_session s CROSS JOIN LATERAL (SELECT zone FROM campus ORDER BY id LIMIT 1) z
     WHERE s.scheduled_date = ?::date AND s.status IN ('scheduled', 'open', 'closed', 'finalized')
     ORDER BY s.start_at, s.id FOR UPDATE OF s`,
    [date],
  );
  return rows;
}

interface Change {
  holiday: Holiday;
  nowMs: number;
  actor: Actor;
  reason: string;
}

async function change(
  trx: Knex,
  action: 'cancel' | 'not_held',
  ids: readonly string[],
  { holiday, nowMs, actor, reason }: Change,
): Promise<void> {
  let left = [...ids];
  while (left.length > 0) {
    const done = await transition(trx, {
      action,
      where: 's.id = ANY(?::uuid[])',
      bindings: [`{${left.join(',')}}`],
      nowMs,
      actor,
      reason,
    });
    if (done.length === 0) break;
    left = left.filter((id) => !done.includes(id));
  }
  await trx('attendance_session')
    .whereIn('id', [...ids])
    .update({ status_reason: 'HOLIDAY', holiday_id: holiday.id });
  await trx('session_occupancy')
    .whereIn('session_id', [...ids])
    .delete();
}

async function flag(trx: Knex, effect: HolidayEffect, holiday: Holiday, nowMs: number): Promise<void> {
  if (effect.flagged.length === 0) return;
  await trx.raw(
    `INSERT INTO exception_item (at, code, message, session_id, detail)
     SELECT ?::timestamptz, 'HOLIDAY_STRADDLE',
       'The class lies partly in a half-day holiday: keep it, or cancel it', id, jsonb_build_object('holiday_id', ?::text)
     FROM unnest(?::uuid[]) AS id ON CONFLICT DO NOTHING`,
    [new Date(nowMs), holiday.id, effect.flagged as never],
  );
}
