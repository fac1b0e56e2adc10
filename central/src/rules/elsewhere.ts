import { arrivalFinding } from './arrival.js';
import { type Capture, type Facts, isOfClass, type SessionFacts } from './facts.js';
import { limitsOf } from './limits.js';
import { type MarkRule, systemFinding } from './rule.js';
import { siftAll } from './sift.js';

const NOT_TAKING_PLACE: readonly string[] = ['scheduled', 'cancelled', 'not_held'];

/**
 * Two classes at once: the one where the student was captured first decides, and nobody is absent from the
 * other until people have resolved it (domain case 53).
 */
export const clashRule: MarkRule = {
  id: 'clash',
  judge(evidence, facts, limits) {
    if (facts.clashes === undefined || facts.clashes.length === 0) return undefined;
    const hereMs = arrivalFinding(evidence, facts, limits)?.markedAtMs ?? Number.POSITIVE_INFINITY;
    const isElsewhere = facts.clashes.some((other) => {
      if (NOT_TAKING_PLACE.includes(other.status)) return false;
      const thereMs = arrivedAtMs(facts, other);
      return thereMs < hereMs || (thereMs === hereMs && thereMs < Infinity && other.id < facts.session.id);
    });
    return isElsewhere ? systemFinding('pending', 'CLASH') : undefined;
  },
};

function arrivedAtMs(facts: Facts, session: SessionFacts): number {
  const other: Facts = { ...facts, session, captures: capturesAt(facts, session), clashes: [] };
  const limits = limitsOf(session);
  return (
    arrivalFinding(siftAll(other, limits).evidence, other, limits)?.markedAtMs ?? Number.POSITIVE_INFINITY
  );
}

/** A tap says where somebody was, for both classes; a scan is of the class whose code it is. */
function capturesAt(
  { session: judged, captures, clashScans }: Facts,
  { id }: SessionFacts,
): readonly Capture[] {
  if (judged.policy.rules_version < 3) return captures;
  return [...captures.filter(({ kind }) => !isOfClass(kind)), ...(clashScans?.get(id) ?? [])];
}

/**
 * One presence is one mark: while a locked class has it, the visited one that the student belongs to by now does not
 * (domain cases 18, 60).
 */
export const countedElsewhereRule: MarkRule = {
  id: 'counted-elsewhere',
  judge: (_evidence, { isCountedElsewhere }) =>
    isCountedElsewhere === true ? systemFinding('not_required', 'COUNTED_ELSEWHERE') : undefined,
};

/** A guest in another batch's class has attended that of the own batch (domain case 60). */
export const guestRule: MarkRule = {
  id: 'guest',
  judge(_evidence, facts) {
    for (const { session, captures } of facts.visits ?? []) {
      if (NOT_TAKING_PLACE.includes(session.status)) continue;
      const visit: Facts = { ...facts, session, captures, clashes: [], visits: [] };
      const limits = limitsOf(session);
      const finding = arrivalFinding(siftAll(visit, limits).evidence, visit, limits);
      if (finding !== undefined) return { ...finding, reason: 'GUEST', visitedSessionId: session.id };
    }
    return undefined;
  },
};
