import type { HumanDecision } from './facts.js';
import type { Finding, MarkRule } from './rule.js';

/** A person's word on one student stands against any evidence (domain D0 precedence 3, case 30). */
export const explicitDecisionRule: MarkRule = {
  id: 'explicit-decision',
  judge: (_captures, { decisions }) => findingOf(latest(decisions, 'explicit'), 'DECIDED_BY_HUMAN'),
};

/** "Mark the rest" stands only where there is no evidence (domain D0 precedence 6, case 31). */
export const bulkDecisionRule: MarkRule = {
  id: 'bulk-decision',
  judge: (_captures, { decisions }) => findingOf(latest(decisions, 'bulk'), 'DECIDED_IN_BULK'),
};

function findingOf(
  decision: HumanDecision | undefined,
  reason: 'DECIDED_BY_HUMAN' | 'DECIDED_IN_BULK',
): Finding | undefined {
  if (decision === undefined) return undefined;
  return {
    mark: decision.mark,
    reason,
    source: 'manual',
    markedAtMs: null,
    usedCaptures: [],
    usedDecisions: [decision.id],
  };
}

function latest(decisions: readonly HumanDecision[], kind: HumanDecision['kind']): HumanDecision | undefined {
  let best: HumanDecision | undefined;
  for (const decision of decisions) {
    if (decision.kind !== kind) continue;
    if (
      best === undefined ||
      decision.atMs > best.atMs ||
      (decision.atMs === best.atMs && decision.id > best.id)
    ) {
      best = decision;
    }
  }
  return best;
}
