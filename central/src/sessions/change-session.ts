import { RollcallError } from '@rollcall/protocol/errors';
import { askAboutHalfDays } from '../calendar/ask-about-half-days.js';
import { dateAt } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { holdCalendar } from '../calendar/hold-calendar.js';
import type { Knex } from '../db/database.js';
import { findByIndex } from '../db/prepared.js';
import { occupySessions, refuseClashes } from './occupy.js';
import { isMadeGood } from './replaced-class.js';
import { type HeldSession, holdSession, refuseLocked } from './session-row.js';
import { nextStatus, type SessionAction } from './state.js';
import { tellCancelled } from './tell-cancelled.js';
import { type Actor, transition } from './transition.js';

const MINUTE_MS = 60_000;

/** How far the rights of whoever asks go: the faculty member of the class, or somebody above. */
export type Authority = 'faculty' | 'head' | 'admin';

export interface ChangeRequest {
  sessionId: string;
  action: SessionAction;
  nowMs: number;
  actor: Actor;
  authority: Authority;
  reason?: string;
  /** Upper-case code kept with the session: why it is cancelled or not held. */
  statusReason?: string;
  /** The version that the caller saw; undefined where it does not care. */
  expectedVersion?: number;
}

/** Changes that end with the class taking no room, time or person, and the one that gives them back. */
const FREES: readonly SessionAction[] = ['cancel', 'not_held'];

/**
 * One person's change of the status of one class session, in the caller's transaction.
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `SESSION_LOCKED`, `INVALID_TRANSITION`, `SESSION_TOO_EARLY`,
 *   `REOPEN_TOO_LATE`, `REASON_MISSING` or `CLASH`
 */
export async function changeSession(trx: Knex, request: ChangeRequest): Promise<void> {
  const { sessionId, action, nowMs, actor, authority, reason, statusReason, expectedVersion } = request;
  if (action === 'restore') await holdCalendar(trx);
  await findByIndex(trx);
  const session = await holdSession(trx, sessionId, expectedVersion);
  if (action !== 'unlock') refuseLocked(session);
  nextStatus(action, session.status);
  if (action === 'open' && authority !== 'admin') refuseTooEarly(session, nowMs);
  if (action === 'reopen') await refuseReopen(trx, session, request);
  const isTold = statusReason !== undefined || action === 'restore' || action === 'reopen';
  const isByHand = isTold || actor.source === 'manual';
  await transition(trx, {
    action,
    where: 's.id = ?',
    bindings: [sessionId],
    nowMs,
    actor,
    ...(reason === undefined ? {} : { reason }),
    ...(isByHand ? { byHand: { statusReason: isTold ? (statusReason ?? '') : undefined } } : {}),
  });
  if (FREES.includes(action)) await trx('session_occupancy').where({ session_id: sessionId }).delete();
  if (action === 'cancel') await tellCancelled(trx, { ids: [sessionId], reason: reason ?? '', nowMs });
  if (action === 'restore' && (await isMadeGood(trx, sessionId))) {
    throw new RollcallError('INVALID_TRANSITION', 'This class was made good by a makeup; both would count');
  }
  if (action === 'restore') {
    refuseClashes(await occupySessions(trx, [sessionId]));
    await askAboutHalfDays(trx, session, { before: [], nowMs });
  }
}

/** Nobody but the admin opens a class before captures of it can count (domain case 13). */
function refuseTooEarly({ start_at: startAt, policy }: HeldSession, nowMs: number): void {
  const earliestMs = startAt.getTime() - policy.early_open_minutes * MINUTE_MS;
  if (nowMs >= earliestMs) return;
  const earliest = new Date(earliestMs).toISOString();
  throw new RollcallError('SESSION_TOO_EARLY', `This class session can be opened from ${earliest} on`, {
    context: { earliest },
  });
}

/** Its faculty member until midnight on campus, with a reason; afterwards somebody above (domain case 17). */
async function refuseReopen(
  trx: Knex,
  session: HeldSession,
  { reason, authority, nowMs }: ChangeRequest,
): Promise<void> {
  if (reason === undefined || reason === '') {
    throw new RollcallError('REASON_MISSING', 'Say in "reason" why the class is opened again');
  }
  const zone = await campusZone(trx);
  if (authority !== 'faculty' || zone === undefined) return;
  if (dateAt(nowMs, zone) === session.scheduled_date) return;
  throw new RollcallError(
    'REOPEN_TOO_LATE',
    `The class was on ${session.scheduled_date}; after midnight only the head of the department opens it again`,
  );
}
