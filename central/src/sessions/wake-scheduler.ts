import type { Knex } from '../db/database.js';
import { CLOSES_AT_SQL, NOTHING_HELD_SQL, WATERMARK_SQL } from './advance.js';

export const SCHEDULER_CHANNEL = 'rollcall_scheduler';

/**
 * Wakes the scheduler, with the caller's transaction, when a closed class session in one of these rooms has
 * nothing left to wait for. Health reports move watermarks all day long: only those that end a wait make a
 * notification.
 */
export async function wakeIfFinalizable(trx: Knex, roomIds: readonly string[]): Promise<void> {
  if (roomIds.length === 0) return;
  await trx.raw(
    `SELECT pg_notify(?, '') WHERE EXISTS (
       SELECT FROM attendance_session s
       WHERE s.status = 'closed'
         AND EXISTS (SELECT FROM session_room x WHERE x.session_id = s.id AND x.room_id = ANY(?::text[]))
         AND ${WATERMARK_SQL} > ${CLOSES_AT_SQL} AND ${NOTHING_HELD_SQL})`,
    [SCHEDULER_CHANNEL, roomIds as never],
  );
}
