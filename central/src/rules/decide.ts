import { canonicalOrder, isKnownTime } from './canonical-order.js';
import { DERIVATION_IGNORED_MAX, type Derivation, type DerivedCapture } from './derivation.js';
import type { Capture, Facts, Mark, Source } from './facts.js';
import { type Limits, limitsOf, writtenLimits } from './limits.js';
import type { Reason } from './reasons.js';
import { EVIDENCE_RULES, MARK_RULES } from './registry.js';
import { type Finding, type IgnoredCapture, systemFinding, type TimedCapture } from './rule.js';

export interface Decision {
  mark: Mark;
  reason: Reason;
  source: Source;
  /** Effective time of the capture that decided; null where none did. */
  markedAtMs: number | null;
  derivation: Derivation;
}

/**
 * The mark of one student in one class session. Pure and total: no clock, no database, no exception; any
 * order and repetition of the captures gives the same mark and the same derivation (design §6).
 */
export function decide(facts: Facts): Decision {
  const limits = limitsOf(facts.session);
  const { kept, ignored } = siftAll(facts, limits);
  const { rule, finding } = judgeAll(kept, facts, limits);
  const used = new Set(finding.usedCaptures);
  const whySurplus = used.size > 0 ? 'LATER_CAPTURE' : 'OUTRANKED';
  const surplus = kept
    .filter((capture) => !used.has(capture))
    .map((capture): IgnoredCapture => ({ capture, why: whySurplus }));
  const listed = inCanonicalOrder([...ignored, ...surplus]);
  return {
    mark: finding.mark,
    reason: finding.reason,
    source: finding.source,
    markedAtMs: finding.markedAtMs,
    derivation: {
      rules_version: facts.session.policy.rules_version,
      policy_id: facts.session.policy.id,
      rule,
      limits: writtenLimits(facts.session),
      used: finding.usedCaptures.map(describe),
      ignored: listed.slice(0, DERIVATION_IGNORED_MAX),
      ignored_more: Math.max(0, listed.length - DERIVATION_IGNORED_MAX),
      decisions: [...finding.usedDecisions],
    },
  };
}

function siftAll(facts: Facts, limits: Limits): { kept: readonly TimedCapture[]; ignored: IgnoredCapture[] } {
  const ignored: IgnoredCapture[] = [];
  let kept: readonly TimedCapture[] = canonicalOrder(facts.captures).filter(
    (capture): capture is TimedCapture => {
      if (isKnownTime(capture.atMs)) return true;
      ignored.push({ capture, why: 'TIME_UNKNOWN' });
      return false;
    },
  );
  for (const rule of EVIDENCE_RULES) {
    const sifted = rule.sift(kept, facts, limits);
    kept = sifted.kept;
    ignored.push(...sifted.ignored);
  }
  return { kept, ignored };
}

function judgeAll(
  captures: readonly TimedCapture[],
  facts: Facts,
  limits: Limits,
): { rule: string; finding: Finding } {
  for (const rule of MARK_RULES) {
    const finding = rule.judge(captures, facts, limits);
    if (finding !== undefined) return { rule: rule.id, finding };
  }
  return { rule: 'none', finding: systemFinding('pending', 'NO_CAPTURE_YET') };
}

function inCanonicalOrder(ignored: readonly IgnoredCapture[]): Derivation['ignored'] {
  const whyOf = new Map(ignored.map(({ capture, why }) => [capture.punchId, why]));
  return canonicalOrder(ignored.map(({ capture }) => capture)).map((capture) => ({
    ...describe(capture),
    why: whyOf.get(capture.punchId) ?? 'LATER_CAPTURE',
  }));
}

function describe(capture: Capture): DerivedCapture {
  return {
    punch_id: capture.punchId,
    at: isKnownTime(capture.atMs) ? new Date(capture.atMs).toISOString() : null,
    time_source: capture.timeSource,
    kind: capture.kind,
    gateway_id: capture.gatewayId,
    device_id: capture.deviceId,
    room_id: capture.roomId,
  };
}
