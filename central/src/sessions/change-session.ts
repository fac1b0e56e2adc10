import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { SessionStatus } from '../rules/facts.js';
import type { Policy } from '../rules/policy.js';
import { nextStatus, type SessionAction } from './state.js';
import { type Actor, transition } from './transition.js';

const MINUTE_MS = 60_000;

export interface ChangeRequest {
  sessionId: string;
  action: SessionAction;
  nowMs: number;
  actor: Actor;
  reason?: string;
  /** The version that the caller saw; undefined where it does not care. */
  expectedVersion?: number;
}

/**
 * One person's change of one class session.
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `INVALID_TRANSITION` or `SESSION_TOO_EARLY`
 */
export async function changeSession(knex: Knex, request: ChangeRequest): Promise<void> {
  const { sessionId, action, nowMs, actor, reason, expectedVersion } = request;
  await knex.transaction(async (trx) => {
    const session = await trx('attendance_session')
      .select<{ status: SessionStatus; version: number; start_at: Date; policy: Policy }[]>(
        'status',
        'version',
        'start_at',
        'policy',
      )
      .where({ id: sessionId })
      .forUpdate()
      .first();
    if (session === undefined) {
      throw new RollcallError(
        'NOT_FOUND',
        `There is no class session ${sessionId}; it may have been replaced`,
      );
    }
    if (expectedVersion !== undefined && expectedVersion !== session.version) {
      throw new RollcallError(
        'STALE',
        `The class session has changed since you read it (version ${session.version}, not ${expectedVersion}); read it again and repeat`,
        { context: { version: session.version } },
      );
    }
    nextStatus(action, session.status);
    if (action === 'open') refuseTooEarly(session.start_at, session.policy, nowMs);
    await transition(trx, {
      action,
      where: 's.id = ?',
      bindings: [sessionId],
      nowMs,
      actor,
      ...(reason === undefined ? {} : { reason }),
    });
  });
}

/** Nobody opens a class before captures of it can count (domain case 13). */
function refuseTooEarly(startAt: Date, policy: Policy, nowMs: number): void {
  const earliestMs = startAt.getTime() - policy.early_open_minutes * MINUTE_MS;
  if (nowMs >= earliestMs) return;
  const earliest = new Date(earliestMs).toISOString();
  throw new RollcallError('SESSION_TOO_EARLY', `This class session can be opened from ${earliest} on`, {
    context: { earliest },
  });
}
