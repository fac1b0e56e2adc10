import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { recountHeldOfSession } from '../ingest/recount-held.js';
import { notifyLive } from '../marks/notify.js';
import { queueSessions } from '../marks/queue.js';

export type ChangeKind = 'room' | 'faculty' | 'time' | 'co_taught' | 'groups' | 'headcount';

export interface SessionChange {
  sessionId: string;
  kind: ChangeKind;
  before: object;
  after: object;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/**
 * What belongs to every change of a class session by a person: its row of history, its audit row, a new
 * version, the mark that a person has touched it, and everybody of it before the judge.
 */
export async function recordChange(trx: Knex, change: SessionChange): Promise<void> {
  const now = new Date(change.nowMs);
  await trx('session_change').insert({
    session_id: change.sessionId,
    kind: change.kind,
    before: JSON.stringify(change.before),
    after: JSON.stringify(change.after),
    reason: change.reason,
    requested_by: change.accountId,
    requested_at: now,
    applied_at: now,
  });
  await trx('attendance_session')
    .where({ id: change.sessionId })
    .update({ is_hand_changed: true, version: trx.raw('version + 1'), updated_at: now });
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'attendance_session',
      entityId: change.sessionId,
      action: `change_${change.kind}`,
      performedBy: change.accountId,
      reason: change.reason,
      before: change.before,
      after: change.after,
      sessionId: change.sessionId,
    },
  ]);
  await queueSession(trx, change.sessionId);
  await recountHeldOfSession(trx, change.sessionId, now);
  await notifyLive(trx, { type: 'session', ids: [change.sessionId] });
}

/** Puts everybody of a class session before the judge. */
export function queueSession(trx: Knex, sessionId: string): Promise<void> {
  return queueSessions(trx, [sessionId]);
}
