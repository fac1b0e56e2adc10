import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Scope } from '../auth/scope.js';
import type { Knex } from '../db/database.js';
import { queueSessions } from '../marks/queue.js';
import { wakeIfFinalizable } from '../sessions/wake-scheduler.js';
import { settleBatch } from './late-evidence.js';

export interface BatchDecision {
  batchId: string;
  decision: 'accepted' | 'refused';
  reason: string;
  /** Undefined: every class session of the batch that is undecided and within reach. */
  sessionIds: readonly string[] | undefined;
  /** Class sessions that the person may see, and those about which they may decide; over `s`. */
  visible: Scope;
  reachable: Scope;
  expectedVersion: number | undefined;
  accountId: string | null;
  nowMs: number;
}

interface BatchSession {
  session_id: string;
  events: number;
  decision: string | null;
  is_reached: boolean;
}

/**
 * A person decides whether evidence that was held counts, class session by class session or all in one action
 * (domain cases 81, 95). What is accepted is judged by the rules like any other evidence; what is refused stays
 * stored and counts nowhere. Decided is decided: a mark that is wrong afterwards is a matter of corrections.
 *
 * @returns how many class sessions were decided
 * @throws RollcallError `NOT_FOUND`, `FORBIDDEN`, `STALE` or `ALREADY_DECIDED`
 */
export async function decideReviewBatch(trx: Knex, request: BatchDecision): Promise<number> {
  const { batchId, nowMs } = request;
  const batch = await trx('review_batch')
    .where({ id: batchId })
    .forUpdate()
    .first<{ version: number } | undefined>('version');
  const sessions = batch === undefined ? [] : await loadSessions(trx, request);
  if (batch === undefined || sessions.length === 0) {
    throw new RollcallError('NOT_FOUND', `There is no review batch ${batchId}`);
  }
  refuseStale(request.expectedVersion, batch.version);
  const chosen = choose(sessions, request.sessionIds);
  const now = new Date(nowMs);
  await decide(trx, request, chosen);
  await trx('review_batch')
    .where({ id: batchId })
    .update({ version: batch.version + 1, deciding_at: trx.raw('coalesce(deciding_at, ?)', [now]) });
  await settleBatch(trx, batchId, now);
  const ids = chosen.map(({ session_id: id }) => id);
  await queueSessions(trx, ids);
  const rooms = await trx('session_room').whereIn('session_id', ids).distinct().pluck<string[]>('room_id');
  await wakeIfFinalizable(trx, rooms);
  return chosen.length;
}

async function loadSessions(
  trx: Knex,
  { batchId, visible, reachable }: BatchDecision,
): Promise<BatchSession[]> {
  const { rows } = await trx.raw<{ rows: BatchSession[] }>(
    `SELECT rv.session_id, rv.events, rv.decision, (${reachable.sql}) AS is_reached
     FROM review_batch_session rv JOIN attendance_session s ON s.id = rv.session_id
     WHERE rv.batch_id = ?::uuid AND (${visible.sql}) ORDER BY s.start_at, s.id`,
    [...reachable.bindings, batchId, ...visible.bindings],
  );
  return rows;
}

function refuseStale(expected: number | undefined, version: number): void {
  if (expected === undefined || expected === version) return;
  throw new RollcallError(
    'STALE',
    `The review batch has changed since you read it (version ${version}, not ${expected}); read it again and repeat`,
    { context: { version } },
  );
}

function choose(sessions: readonly BatchSession[], ids: readonly string[] | undefined): BatchSession[] {
  const known = new Map(sessions.map((session) => [session.session_id, session]));
  const named = ids === undefined ? sessions : ids.map((id) => known.get(id.toLowerCase()));
  if (named.some((session) => session === undefined)) {
    throw new RollcallError('NOT_FOUND', 'The review batch has no such class session; read it again');
  }
  const all = named as BatchSession[];
  const reached = all.filter(({ is_reached: isReached }) => isReached);
  if (reached.length === 0 || (ids !== undefined && reached.length < all.length)) {
    throw new RollcallError(
      'FORBIDDEN',
      'You may see this review batch, but decide only about classes of your own; ask the head of the department',
    );
  }
  const open = reached.filter(({ decision }) => decision === null);
  if (open.length === 0 || (ids !== undefined && open.length < reached.length)) {
    throw new RollcallError(
      'ALREADY_DECIDED',
      'This has been decided; a mark that is wrong can be corrected by a correction request',
    );
  }
  return open;
}

async function decide(trx: Knex, request: BatchDecision, chosen: readonly BatchSession[]): Promise<void> {
  const { batchId, decision, reason, accountId, nowMs } = request;
  const now = new Date(nowMs);
  await trx('review_batch_session')
    .where({ batch_id: batchId })
    .whereIn(
      'session_id',
      chosen.map(({ session_id: id }) => id),
    )
    .update({ decision, reason, decided_by: accountId, decided_at: now });
  await writeAudit(
    trx,
    chosen.map(({ session_id: sessionId, events }) => ({
      at: now,
      entityType: 'review_batch_session',
      entityId: `${batchId}/${sessionId}`,
      action: decision,
      performedBy: accountId,
      reason,
      before: { decision: null, events },
      after: { decision, events },
      sessionId,
    })),
  );
}
