import { RollcallError } from '@rollcall/protocol/errors';
import { holdCalendar } from '../calendar/hold-calendar.js';
import type { Knex } from '../db/database.js';
import { changeSession } from './change-session.js';
import { createSession } from './create-session.js';
import type { PersonalChange } from './move-session.js';
import { holdSession, refuseLocked } from './session-row.js';

export interface Swap extends PersonalChange {
  course: string;
  faculty: string;
}

/**
 * Another course is taught in this hour: this class is not held but moved, and a class of the other course takes
 * its place; the hour that gives it back is a swap of its own (domain case 68).
 *
 * @returns the id of the class that is held instead
 * @throws RollcallError as `changeSession` and `createSession` do
 */
export async function swapSession(trx: Knex, swap: Swap): Promise<string> {
  await holdCalendar(trx);
  const session = await holdSession(trx, swap.sessionId, swap.expectedVersion);
  refuseLocked(session);
  if (session.course_code === swap.course) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'course: is the course of this class already; use substitute/',
    );
  }
  const zoned = await trx.raw<{ rows: { start: string; end: string }[] }>(
    `SELECT to_char(s.start_at AT TIME ZONE c.zone, 'HH24:MI') AS start, to_char(s.end_at AT TIME ZONE c.zone, 'HH24:MI') AS end
     FROM attendance_session s, campus c WHERE s.id = ?::uuid ORDER BY c.id LIMIT 1`,
    [session.id],
  );
  const times = zoned.rows[0] as { start: string; end: string };
  const sections = await trx('session_section')
    .where({ session_id: session.id })
    .pluck<string[]>('section_id');
  const rooms = await trx('session_room')
    .where({ session_id: session.id })
    .whereRaw('upper_inf(valid_during)')
    .pluck<string[]>('room_id');
  await changeSession(trx, {
    sessionId: session.id,
    action: 'not_held',
    nowMs: swap.nowMs,
    actor: { performedBy: swap.accountId, source: 'manual' },
    authority: 'head',
    reason: swap.reason,
    statusReason: 'MOVED',
  });
  return createSession(trx, {
    session: {
      course: swap.course,
      sections: firstOf(session.section_id, sections),
      faculty: swap.faculty,
      rooms: firstOf(session.room_id, rooms),
      date: session.scheduled_date,
      startTime: times.start,
      endTime: times.end,
      sessionType: session.session_type,
      periodCount: session.period_count,
      origin: 'swap',
      replacesSessionId: session.id,
      countsInDenominator: true,
      isBonus: false,
      isCoTaught: false,
      reason: swap.reason,
    },
    nowMs: swap.nowMs,
    accountId: swap.accountId,
    authority: 'head',
  });
}

const firstOf = (first: string, all: readonly string[]): string[] => [
  first,
  ...all.filter((one) => one !== first),
];
