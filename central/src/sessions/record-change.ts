import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { recountHeldOfSession } from '../ingest/recount-held.js';
import { notifyLive, wakeJudge } from '../marks/notify.js';

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

/** Puts everybody of a class session before the judge: on a roster of it, or with a record in it. */
export async function queueSession(trx: Knex, sessionId: string): Promise<void> {
  await trx.raw(
    `INSERT INTO judgement_todo (session_id, student_id)
     SELECT x.session_id, m.student_id FROM session_section x
       JOIN roster_membership m ON m.section_id = x.section_id AND m.valid_during @> x.scheduled_date
     WHERE x.session_id = ?::uuid
     UNION SELECT session_id, student_id FROM attendance_record WHERE session_id = ?::uuid`,
    [sessionId, sessionId],
  );
  await wakeJudge(trx);
}
