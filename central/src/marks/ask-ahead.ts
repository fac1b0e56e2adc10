import type { Knex } from '../db/database.js';
import type { Capture } from '../rules/facts.js';
import { type CaptureRequest, loadCaptures } from './load-captures.js';
import type { LoadedSession } from './load-sessions.js';
import { evidenceFromMs, loadNeighbors, type Neighbors, type Spans, spansOf } from './load-surroundings.js';
import { type Pair, pairKey } from './pair.js';
import type { SeenSessions } from './seen-sessions.js';

/** Answers to what was asked before it was known whether it had to be, each under what was asked. */
export interface Ahead {
  spans: Spans;
  neighbors: Neighbors;
  /** By pair. */
  requests: ReadonlyMap<string, CaptureRequest>;
  captures: ReadonlyMap<string, Capture[]>;
}

/**
 * Classes that go on are mostly what they were at the last look. So the surroundings and the captures that they had to have
 * then are asked for together with what the classes are now, instead of one after the other.
 */
export async function askAhead(trx: Knex, pairs: readonly Pair[], seen: SeenSessions): Promise<Ahead> {
  const requests = new Map<string, CaptureRequest>();
  const classes = new Set<LoadedSession>();
  for (const { sessionId, studentId } of pairs) {
    const session = seen.find(sessionId);
    if (session === undefined) continue;
    classes.add(session);
    const key = pairKey({ sessionId, studentId });
    const range = { fromMs: evidenceFromMs(session), untilMs: session.reachUntilMs };
    requests.set(key, { sessionId, studentId, ...range });
  }
  const spans = spansOf([...classes].map((session) => [session, session.groups] as const));
  const [neighbors, captures] = await Promise.all([
    loadNeighbors(trx, spans),
    loadCaptures(trx, [...requests.values()]),
  ]);
  return { spans, neighbors, requests, captures };
}

/** What there is in these spans: asked for now where it was not, or for another time. */
export async function neighborsAfter(trx: Knex, ahead: Ahead, spans: Spans): Promise<Neighbors> {
  const left = new Map(
    [...spans].filter(([group, { fromMs, untilMs }]) => {
      const asked = ahead.spans.get(group);
      return asked?.fromMs !== fromMs || asked.untilMs !== untilMs;
    }),
  );
  if (left.size === 0) return ahead.neighbors;
  return new Map([...ahead.neighbors, ...(await loadNeighbors(trx, left))]);
}

/** As {@link neighborsAfter}, captures by pair, and of no other. */
export async function capturesAfter(
  trx: Knex,
  ahead: Ahead,
  requests: readonly CaptureRequest[],
): Promise<Map<string, Capture[]>> {
  const left: CaptureRequest[] = [];
  const captures = new Map<string, Capture[]>();
  for (const request of requests) {
    const key = pairKey(request);
    const asked = ahead.requests.get(key);
    const found = ahead.captures.get(key);
    if (asked?.fromMs !== request.fromMs || asked.untilMs !== request.untilMs) left.push(request);
    else if (found !== undefined) captures.set(key, found);
  }
  for (const [key, found] of await loadCaptures(trx, left)) captures.set(key, found);
  return captures;
}
