import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { askAboutHalfDays, halfDaysOf } from '../calendar/ask-about-half-days.js';
import { dateAt } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';
import { notifyLive } from '../marks/notify.js';
import { type Authority, changeSession } from './change-session.js';
import type { PersonalChange } from './move-session.js';
import { occupySessions, refuseClashes } from './occupy.js';
import { recordChange } from './record-change.js';
import { type HeldSession, holdSession, refuseLocked } from './session-row.js';

const DAY_MS = 86_400_000;

/** Another begin or end of a class that has not opened; what is undefined stays. */
export interface NewTimes {
  startAt: Date | undefined;
  endAt: Date | undefined;
}

/**
 * Moves a scheduled class session in time. How long before and after it captures are looked at stays as it was
 * made; once it has opened its times are what its marks rest on, and only a correction changes those. The caller holds
 * the holidays, since a class that comes to lie partly in a half-day is put before a person (domain case 7).
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `SESSION_LOCKED`, `INVALID_TRANSITION`, `REQUEST_INVALID` or `CLASH`
 */
export async function changeTimes(trx: Knex, times: NewTimes, change: PersonalChange): Promise<void> {
  const session = await holdSession(trx, change.sessionId, change.expectedVersion);
  refuseLocked(session);
  if (session.status !== 'scheduled') {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `A class session that is ${session.status} keeps its times; only one that is scheduled is moved`,
    );
  }
  const startAt = times.startAt ?? session.start_at;
  const endAt = times.endAt ?? session.end_at;
  if (startAt.getTime() === session.start_at.getTime() && endAt.getTime() === session.end_at.getTime())
    return;
  await refuseBadTimes(trx, session, { startAt, endAt });
  const before = await halfDaysOf(trx, session);
  const reach = {
    reach_from: new Date(startAt.getTime() - (session.start_at.getTime() - session.reach_from.getTime())),
    reach_until: new Date(endAt.getTime() + (session.reach_until.getTime() - session.end_at.getTime())),
  };
  await trx('attendance_session')
    .where({ id: session.id })
    .update({ start_at: startAt, end_at: endAt, ...reach });
  await trx('session_section').where({ session_id: session.id }).update(reach);
  refuseClashes(await occupySessions(trx, [session.id]));
  await recordChange(trx, {
    ...change,
    kind: 'time',
    before: { start_at: session.start_at, end_at: session.end_at },
    after: { start_at: startAt, end_at: endAt },
  });
  await askAboutHalfDays(trx, session, { before, nowMs: change.nowMs });
}

/** Its date is what its roster, its slot and its policy go by: another date is another class. */
async function refuseBadTimes(
  trx: Knex,
  session: HeldSession,
  { startAt, endAt }: { startAt: Date; endAt: Date },
): Promise<void> {
  const lengthMs = endAt.getTime() - startAt.getTime();
  if (lengthMs <= 0 || lengthMs >= DAY_MS) {
    throw new RollcallError('REQUEST_INVALID', 'end_datetime: must be within a day after the start');
  }
  const zone = await campusZone(trx);
  if (zone === undefined || dateAt(startAt.getTime(), zone) === session.scheduled_date) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    `start_datetime: must stay on ${session.scheduled_date}; cancel this class and make another one for another day`,
  );
}

/** What people write about a class changes no mark. @throws RollcallError `NOT_FOUND`, `STALE` or `SESSION_LOCKED` */
export async function changeNotes(trx: Knex, notes: string, change: PersonalChange): Promise<void> {
  const session = await holdSession(trx, change.sessionId, change.expectedVersion);
  refuseLocked(session);
  if (session.notes === notes) return;
  const now = new Date(change.nowMs);
  await trx('attendance_session')
    .where({ id: session.id })
    .update({ notes, version: trx.raw('version + 1'), updated_at: now });
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'attendance_session',
      entityId: session.id,
      action: 'change_notes',
      performedBy: change.accountId,
      reason: change.reason,
      before: { notes: session.notes },
      after: { notes },
      sessionId: session.id,
    },
  ]);
  await notifyLive(trx, { type: 'session', ids: [session.id] });
}

/**
 * Cancels a class that has not opened, where the seed would have removed it: its row, its captures and its history stay.
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `SESSION_LOCKED` or `INVALID_TRANSITION`
 */
export async function cancelScheduled(
  trx: Knex,
  change: PersonalChange & { authority: Authority },
): Promise<void> {
  const session = await holdSession(trx, change.sessionId, change.expectedVersion);
  refuseLocked(session);
  if (session.status !== 'scheduled') {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `A class session that is ${session.status} is not deleted; cancel it with a reason at cancel/`,
    );
  }
  await changeSession(trx, {
    sessionId: change.sessionId,
    action: 'cancel',
    nowMs: change.nowMs,
    actor: { performedBy: change.accountId, source: 'manual' },
    authority: change.authority,
    reason: change.reason,
    statusReason: 'CANCELLED_BY_HAND',
  });
}
