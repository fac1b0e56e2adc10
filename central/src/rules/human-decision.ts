import { arrivalFinding, carryRule, stayingSince } from './arrival.js';
import type { DecisionKind, HumanDecision } from './facts.js';
import type { Reason } from './reasons.js';
import type { Finding, MarkRule } from './rule.js';

const ATTENDED: readonly string[] = ['present', 'late'];

/** An approved correction outranks everything but the lock (domain D0 precedence 2, case 136). */
export const correctionRule: MarkRule = {
  id: 'correction',
  judge: (_evidence, { decisions }) => findingOf(latest(decisions, ['correction']), 'CORRECTED'),
};

/** A person's word on one student stands against any evidence (domain D0 precedence 3, case 30). */
export const explicitDecisionRule: MarkRule = {
  id: 'explicit-decision',
  judge(evidence, facts, limits) {
    const finding = findingOf(latest(facts.decisions, ['explicit']), 'DECIDED_BY_HUMAN');
    if (finding === undefined || ATTENDED.includes(finding.mark)) return finding;
    const seen = arrivalFinding(evidence, facts, limits) ?? carryRule.judge(evidence, facts, limits);
    return seen === undefined ? finding : { ...finding, flags: ['CONFLICT'] };
  },
};

/** A person completes what captures leave open: a card alone, a stay without a capture (cases 47, 113). */
export const confirmationRule: MarkRule = {
  id: 'confirmation',
  judge(evidence, facts, limits) {
    const decision = latest(facts.decisions, ['confirm']);
    const finding = findingOf(decision, 'CONFIRMED');
    if (finding === undefined || finding.mark !== 'present') return finding;
    const seen = arrivalFinding(evidence, facts, limits);
    const entry = stayingSince(evidence.pairing, facts.session, limits);
    const [mark, capture] =
      seen === undefined ? (['present', entry] as const) : ([seen.mark, evidence.arrivals[0]] as const);
    // What it completed is no evidence any more, as when the card turns out to have been lost before (case 92).
    if (capture === undefined) return facts.session.policy.rules_version < 3 ? finding : undefined;
    return { ...finding, mark, markedAtMs: capture.atMs, usedCaptures: [capture] };
  },
};

/** A roll-call stands only where there is no evidence (domain D0 precedence 6, case 31). */
export const bulkDecisionRule: MarkRule = {
  id: 'bulk-decision',
  judge: (_evidence, { decisions }) =>
    findingOf(latest(decisions, ['bulk', 'offline', 'import']), 'DECIDED_IN_BULK'),
};

function findingOf(decision: HumanDecision | undefined, reason: Reason): Finding | undefined {
  if (decision === undefined) return undefined;
  return {
    mark: decision.mark,
    reason,
    source: decision.source ?? 'manual',
    markedAtMs: null,
    usedCaptures: [],
    usedDecisions: [decision.id],
  };
}

/** By when the person decided, which for a phone that was offline is before central heard of it; then as it was stored. */
function latest(
  decisions: readonly HumanDecision[],
  kinds: readonly DecisionKind[],
): HumanDecision | undefined {
  let best: HumanDecision | undefined;
  for (const decision of decisions) {
    if (!kinds.includes(decision.kind)) continue;
    const isLater = best === undefined || decision.atMs > best.atMs;
    if (isLater || (decision.atMs === best?.atMs && decision.ordinal > best.ordinal)) best = decision;
  }
  return best;
}
