import { canonicalOrder, isKnownTime } from './canonical-order.js';
import { closeRule } from './close.js';
import { credentialRule } from './credential.js';
import { debounceRule } from './debounce.js';
import { directionRule } from './direction.js';
import { earlyRule } from './early.js';
import type { Capture, Facts } from './facts.js';
import type { Limits } from './limits.js';
import { methodRule } from './method.js';
import { NO_PAIRING, type Pairing, pairStays } from './pairing.js';
import { roomRule } from './room.js';
import type { Evidence, EvidenceRule, IgnoredCapture, TimedCapture } from './rule.js';
import { travelRule } from './travel.js';

/** Which captures are believed at all, in any room; stays are paired from what they keep. */
export const BELIEF_RULES: readonly EvidenceRule[] = [credentialRule, methodRule, travelRule];

/**
 * Which of those count as coming to the class, in this order. Debouncing comes last: a capture that does not
 * count must not swallow one that does.
 */
export const ARRIVAL_RULES: readonly EvidenceRule[] = [
  roomRule,
  directionRule,
  earlyRule,
  closeRule,
  debounceRule,
];

export interface SiftedFacts {
  evidence: Evidence;
  ignored: readonly IgnoredCapture[];
}

export function siftAll(facts: Facts, limits: Limits): SiftedFacts {
  const ignored: IgnoredCapture[] = [];
  const doubted = new Set<Capture>();
  const known = canonicalOrder(facts.captures).filter((capture): capture is TimedCapture => {
    if (isKnownTime(capture.atMs)) return true;
    ignored.push({ capture, why: 'TIME_UNKNOWN' });
    return false;
  });
  const apply = (rules: readonly EvidenceRule[], captures: readonly TimedCapture[], pairing: Pairing) => {
    let kept = captures;
    for (const rule of rules) {
      const sifted = rule.sift(kept, facts, limits, pairing);
      kept = sifted.kept;
      ignored.push(...sifted.ignored);
      for (const capture of sifted.doubted ?? []) doubted.add(capture);
    }
    return kept;
  };
  const timeline = apply(BELIEF_RULES, known, NO_PAIRING);
  const pairing = pairStays(timeline, facts.session);
  const arrivals = apply(ARRIVAL_RULES, timeline, pairing);
  return { evidence: { arrivals, timeline, pairing, doubted }, ignored };
}
