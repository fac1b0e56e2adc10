import type { EvidenceRule } from './rule.js';

/**
 * Leaving is not arriving, whether the reader says so or the order of taps does. A capture without direction
 * counts as arrival elsewhere than at an alternating reader (domain cases 34, 43).
 */
export const directionRule: EvidenceRule = {
  id: 'direction',
  sift(captures, _facts, _limits, { exits }) {
    const kept = captures.filter((capture) => capture.direction !== 'out' && !exits.has(capture));
    const ignored = captures.filter((capture) => !kept.includes(capture));
    return { kept, ignored: ignored.map((capture) => ({ capture, why: 'EXIT' })) };
  },
};
