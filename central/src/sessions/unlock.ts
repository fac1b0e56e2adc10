import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { changeSession } from './change-session.js';
import { holdSession } from './session-row.js';

const HOUR_MS = 3_600_000;
/** How long the second person has, and how long the class then stays unlocked (domain case 19). */
const CONFIRM_WITHIN_MS = 24 * HOUR_MS;
const UNLOCKED_MS = 24 * HOUR_MS;

export interface UnlockRequest {
  sessionId: string;
  accountId: string;
  reason: string;
  nowMs: number;
}

/**
 * Two different people unlock a class session: the first call asks, the second, by somebody else, does it.
 *
 * @returns whether it is unlocked now
 * @throws RollcallError `NOT_FOUND`, `INVALID_TRANSITION` or `SECOND_PERSON_NEEDED`
 */
export async function unlockSession(trx: Knex, request: UnlockRequest): Promise<boolean> {
  const { sessionId, accountId, reason, nowMs } = request;
  const session = await holdSession(trx, sessionId);
  const now = new Date(nowMs);
  if (session.status !== 'locked') {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `A class session that is ${session.status} cannot become closed by "unlock"; it would have to be locked`,
    );
  }
  const asked = await trx('session_change')
    .where({ session_id: sessionId, kind: 'unlock' })
    .whereNull('applied_at')
    .where('expires_at', '>', now)
    .orderBy('requested_at', 'desc')
    .first<{ id: string; requested_by: string } | undefined>('id', 'requested_by');
  if (asked === undefined) {
    await trx('session_change').insert({
      session_id: sessionId,
      kind: 'unlock',
      before: JSON.stringify({ status: 'locked' }),
      after: JSON.stringify({ status: 'closed' }),
      reason,
      requested_by: accountId,
      requested_at: now,
      expires_at: new Date(nowMs + CONFIRM_WITHIN_MS),
    });
    await writeAudit(trx, [
      {
        at: now,
        entityType: 'attendance_session',
        entityId: sessionId,
        action: 'unlock_requested',
        performedBy: accountId,
        reason,
        before: { unlock_requested_by: null },
        after: { unlock_requested_by: accountId },
        sessionId,
      },
    ]);
    return false;
  }
  if (asked.requested_by === accountId) {
    throw new RollcallError(
      'SECOND_PERSON_NEEDED',
      'You have asked for this already; a second person with the right to unlock has to confirm it within a day',
    );
  }
  await trx('session_change').where({ id: asked.id }).update({ confirmed_by: accountId, applied_at: now });
  await changeSession(trx, {
    sessionId,
    action: 'unlock',
    nowMs,
    actor: { performedBy: accountId, source: 'manual' },
    authority: 'head',
    reason,
  });
  await trx('attendance_session')
    .where({ id: sessionId })
    .update({ auto_lock_at: new Date(nowMs + UNLOCKED_MS) });
  return true;
}
