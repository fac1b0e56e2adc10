import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Actor } from '../sessions/transition.js';
import { DAY_REASONS } from './change-day.js';
import { GENERATION_UNDONE } from './make-again.js';

interface UndoRequest {
  jobId: string;
  nowMs: number;
  actor: Actor;
}

interface TakenRow {
  id: string;
  status_reason: string;
  holiday_id: string | null;
}

/**
 * Classes of a generation that a holiday or their day has cancelled already are undone with the others: else they would
 * come back alone when the calendar gives them back (domain cases 5, 76). As for those, not what has begun by then, nor
 * what a person has changed.
 */
export async function undoTakenClasses(trx: Knex, { jobId, nowMs, actor }: UndoRequest): Promise<void> {
  const now = new Date(nowMs);
  const taken = await trx('attendance_session')
    .where({ batch_job_id: jobId, status: 'cancelled', is_hand_changed: false })
    .where('start_at', '>', now)
    .whereIn('status_reason', ['HOLIDAY', ...DAY_REASONS])
    .orderBy(['start_at', 'id'])
    .forNoKeyUpdate()
    .select<TakenRow[]>('id', 'status_reason', 'holiday_id');
  const after = { status_reason: GENERATION_UNDONE, holiday_id: null };
  await trx.raw(
    `UPDATE attendance_session SET status_reason = '${GENERATION_UNDONE}', holiday_id = NULL, version = version + 1,
       updated_at = ?::timestamptz WHERE id = ANY(?::uuid[])`,
    [now, taken.map(({ id }) => id) as never],
  );
  await writeAudit(
    trx,
    taken.map(({ id, ...before }) => ({
      at: now,
      entityType: 'attendance_session',
      entityId: id,
      sessionId: id,
      action: 'undo_generation',
      performedBy: actor.performedBy,
      source: actor.source,
      reason: 'its generation was undone',
      before,
      after,
    })),
  );
}
