import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Decision, decide } from '../rules/decide.js';
import { withDependents } from './dependents.js';
import { reportLateAfterLock } from './late-after-lock.js';
import { type LoadedPair, loadFacts } from './load-facts.js';
import type { Pair } from './pair.js';
import { reportFindings } from './report-findings.js';
import {
  type ActorsByPair,
  type ChangedRecord,
  type Decided,
  isCaptured,
  saveDecisions,
} from './save-decisions.js';
import { saveStays } from './save-stays.js';

/** @returns the pairs to judge for these, each once */
export type Widen = (trx: Knex, pairs: readonly Pair[]) => Promise<readonly Pair[]>;

export interface JudgePairsOptions {
  /** Whose evidence had waited, of pairs whose marks rest on what was captured; asked only where there are some. */
  actorsOf?: (pairs: readonly Pair[]) => ActorsByPair | Promise<ActorsByPair>;
  /** Which pairs are judged with them; left out: all that depend on them. */
  widen?: Widen;
}

/**
 * Judges pairs in the caller's transaction, and those that depend on them: loads their evidence set by set,
 * decides each, writes what changed.
 *
 * @returns the records that changed
 */
export async function judgePairs(
  trx: Knex,
  pairs: readonly Pair[],
  nowMs: number,
  { actorsOf, widen = withDependents }: JudgePairsOptions = {},
): Promise<ChangedRecord[]> {
  const loaded = await holdAndLoad(trx, await widen(trx, pairs));
  const judged: Judged[] = [];
  const locked: Decided[] = [];
  for (const pair of loaded) {
    const outcome = judgeOne(pair);
    if (outcome === undefined) continue;
    if (pair.session.status !== 'locked') judged.push(outcome);
    // What would not be required came too late for nothing.
    else if (pair.standing.hasRecord || outcome.decision.mark !== 'not_required') locked.push(outcome);
  }
  if (locked.length > 0) await reportLateAfterLock(trx, locked, nowMs);
  const decided = judged.filter((outcome) => isRecorded(outcome));
  const captured = decided.filter(({ decision }) => isCaptured(decision.source));
  const actors = captured.length === 0 ? undefined : await actorsOf?.(captured);
  const changed = decided.length === 0 ? [] : await saveDecisions(trx, decided, nowMs, actors);
  await saveStays(trx, decided);
  await reportFindings(trx, { judged, changed, nowMs });
  return changed;
}

export interface Judged extends Decided {
  pair: LoadedPair;
  decision: Decision;
}

/** Undefined for a class that has not opened: nothing is said about it yet. */
function judgeOne(pair: LoadedPair): Judged | undefined {
  if (pair.session.status === 'scheduled' && !pair.standing.hasRecord) return undefined;
  return { sessionId: pair.sessionId, studentId: pair.studentId, pair, decision: decide(pair.facts) };
}

/** A stranger to the roster gets no record; one that exists says why it counts no more. */
function isRecorded({ decision, pair: { standing, facts } }: Judged): boolean {
  return (
    decision.mark !== 'not_required' || standing.hasRecord || (facts.isOnRoster && decision.rule !== 'held')
  );
}

/**
 * Two judges with the same pair must not overwrite each other with what they read before: one session is
 * judged by one at a time, in an order that cannot deadlock as long as a transaction judges once, with all of its
 * classes. What the second reads after this includes what the first has written: the look-ups are sent together with
 * the lock, and asked once it is held.
 */
async function holdAndLoad(trx: Knex, pairs: readonly Pair[]): Promise<LoadedPair[]> {
  const ids = [...new Set(pairs.map(({ sessionId }) => sessionId))];
  const [found, loaded] = await Promise.all([lockTallies(trx, ids), loadFacts(trx, pairs)]);
  if (found === ids.length) return loaded;
  // A class from before it had a tally: rare, so that the order in which its row is locked may be another.
  await prepared(
    trx,
    `INSERT INTO session_tally (session_id) SELECT id FROM attendance_session WHERE id = ANY(?::uuid[])
     ORDER BY id ON CONFLICT DO NOTHING`,
    [ids as never],
  );
  await lockTallies(trx, ids);
  return loadFacts(trx, pairs);
}

/** @returns how many there are */
async function lockTallies(trx: Knex, ids: readonly string[]): Promise<number> {
  const { rows } = await prepared<{ rows: object[] }>(
    trx,
    'SELECT session_id FROM session_tally WHERE session_id = ANY(?::uuid[]) ORDER BY session_id FOR UPDATE',
    [ids as never],
  );
  return rows.length;
}
