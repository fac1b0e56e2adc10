import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { WATERMARK_SQL } from './advance.js';
import { changeSession } from './change-session.js';
import { holdSession, refuseLocked } from './session-row.js';

export interface Confirmation {
  sessionId: string;
  /** Of the class representative. */
  accountId: string | null;
  reason: string;
  nowMs: number;
  expectedVersion: number | undefined;
}

interface Traces {
  is_known: boolean;
  is_held: boolean;
}

/**
 * The class representative says that a class was not held: its faculty member did not come, and nobody else did (domain
 * case 21). Only where nothing says otherwise: whoever wants a class gone that was held has to ask the head.
 *
 * @throws RollcallError `SESSION_TOO_EARLY` before its end is over and its readers have reported,
 *   `SESSION_LOCKED`,
 *   `HIGHER_DECIDER_NEEDED` where anybody is marked or the faculty member acted, and what `changeSession` refuses
 */
export async function confirmNotHeld(trx: Knex, confirmation: Confirmation): Promise<void> {
  const { sessionId, accountId, reason, nowMs, expectedVersion } = confirmation;
  const session = await holdSession(trx, sessionId, expectedVersion);
  refuseLocked(session);
  const { end_at: endAt } = session;
  if (nowMs < endAt.getTime()) {
    throw new RollcallError('SESSION_TOO_EARLY', `Confirm it when the class is over: ${endAt.toISOString()}`);
  }
  const traces = await tracesOf(trx, sessionId);
  if (traces.is_held) {
    throw new RollcallError(
      'HIGHER_DECIDER_NEEDED',
      'Somebody is marked in this class, or its faculty member opened, closed or marked it; the head of the department decides',
    );
  }
  if (!traces.is_known) {
    throw new RollcallError(
      'SESSION_TOO_EARLY',
      'The readers of the room have not reported up to the end of the class; confirm it when they have',
    );
  }
  await changeSession(trx, {
    sessionId,
    action: 'not_held',
    nowMs,
    actor: { performedBy: accountId, source: 'manual' },
    authority: 'faculty',
    reason,
    statusReason: 'NOT_HELD_BY_REPRESENTATIVE',
  });
}

/**
 * Whether anything shows that the class was held, and whether all that could show it is here. Only a person gives a class an
 * end of its own (domain case 14).
 */
async function tracesOf(trx: Knex, sessionId: string): Promise<Traces> {
  const { rows } = await trx.raw<{ rows: Traces[] }>(
    `SELECT coalesce(${WATERMARK_SQL} > s.end_at, true) AS is_known,
       (s.actual_start_at IS NOT NULL AND NOT s.auto_opened) OR s.actual_end_at IS NOT NULL
         OR s.qr_generated_at IS NOT NULL OR s.headcount IS NOT NULL
         OR EXISTS (SELECT FROM decision d WHERE d.session_id = s.id AND d.decided_by IS NOT NULL)
         OR EXISTS (SELECT FROM attendance_record r WHERE r.session_id = s.id AND r.mark IN ('present', 'late'))
         OR EXISTS (SELECT FROM judgement_todo t WHERE t.session_id = s.id) AS is_held
     FROM attendance_session s WHERE s.id = ?::uuid`,
    [sessionId],
  );
  return rows[0] as Traces;
}
