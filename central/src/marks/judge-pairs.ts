import type { Knex } from '../db/database.js';
import { decide } from '../rules/decide.js';
import { reportLateAfterLock } from './late-after-lock.js';
import { type LoadedPair, loadFacts, type Pair } from './load-facts.js';
import { notifyLive } from './notify.js';
import { type ChangedRecord, type Decided, saveDecisions } from './save-decisions.js';

/**
 * Judges pairs in the caller's transaction: loads their evidence set by set, decides each, writes what changed.
 *
 * @returns the records that changed
 */
export async function judgePairs(trx: Knex, pairs: readonly Pair[], nowMs: number): Promise<ChangedRecord[]> {
  await holdSessions(trx, pairs);
  const loaded = await loadFacts(trx, pairs);
  const decided: Decided[] = [];
  const locked: Decided[] = [];
  for (const pair of loaded) {
    const outcome = judgeOne(pair);
    if (outcome === undefined) continue;
    if (pair.facts.session.status === 'locked') locked.push(outcome);
    else decided.push(outcome);
  }
  if (locked.length > 0) await reportLateAfterLock(trx, locked, nowMs);
  if (decided.length === 0) return [];
  const changed = await saveDecisions(trx, decided, nowMs);
  if (changed.length > 0) {
    await notifyLive(trx, {
      type: 'record',
      ids: changed.map(({ id }) => id),
      previous: changed.map(({ previousMark }) => previousMark),
    });
    await notifyLive(trx, { type: 'session', ids: [...new Set(changed.map(({ sessionId }) => sessionId))] });
  }
  return changed;
}

/** Undefined where there is nothing to write: a class that has not opened, or a stranger to its roster. */
function judgeOne({ facts, hasRecord, sessionId, studentId }: LoadedPair): Decided | undefined {
  if (facts.session.status === 'scheduled' && !hasRecord) return undefined;
  const decision = decide(facts);
  if (decision.mark === 'not_required' && !hasRecord) return undefined;
  return { sessionId, studentId, decision };
}

/**
 * Two judges with the same pair must not overwrite each other with what they read before: one session is
 * judged by one at a time, in an order that cannot deadlock. What the second reads after this includes what
 * the first has written.
 */
async function holdSessions(trx: Knex, pairs: readonly Pair[]): Promise<void> {
  const ids = [...new Set(pairs.map(({ sessionId }) => sessionId))];
  await trx.raw(
    `INSERT INTO session_tally (session_id) SELECT id FROM attendance_session WHERE id = ANY(?::uuid[])
     ORDER BY id ON CONFLICT DO NOTHING`,
    [ids as never],
  );
  await trx.raw(
    'SELECT session_id FROM session_tally WHERE session_id = ANY(?::uuid[]) ORDER BY session_id FOR UPDATE',
    [ids as never],
  );
}
