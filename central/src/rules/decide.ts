import { actualEndMs } from './arrival.js';
import { canonicalOrder, isKnownTime } from './canonical-order.js';
import { DERIVATION_IGNORED_MAX, type Derivation, type DerivedCapture } from './derivation.js';
import type { Capture, Facts, Mark, SessionFacts, Source } from './facts.js';
import { instantText } from './instant-text.js';
import { limitsOf, writtenLimits } from './limits.js';
import { dwellMs, type Stay } from './pairing.js';
import { attendedPeriods } from './periods.js';
import type { Flag, IgnoreReason, Reason } from './reasons.js';
import { MARK_RULES } from './registry.js';
import { type Evidence, type Finding, type IgnoredCapture, systemFinding } from './rule.js';
import { type SiftedFacts, siftAll } from './sift.js';

export interface Decision {
  /** The rule that decided. */
  rule: string;
  mark: Mark;
  reason: Reason;
  source: Source;
  /** Effective time of the capture that decided; null where none did. */
  markedAtMs: number | null;
  /** Of a class of several periods, where it is not all or none. */
  attendedPeriods: number | null;
  /** Stays in the rooms of the class, where exits are captured. */
  stays: readonly Stay[];
  derivation: Derivation;
}

/**
 * The mark of one student in one class session. Pure and total: no clock, no database, no exception; any
 * order and repetition of the captures gives the same mark and the same derivation (design §6).
 */
export function decide(facts: Facts): Decision {
  const limits = limitsOf(facts.session);
  const sifted = siftAll(facts, limits);
  for (const rule of MARK_RULES) {
    const finding = rule.judge(sifted.evidence, facts, limits);
    if (finding === undefined) continue;
    return decisionOf(rule.id, finding, facts, sifted);
  }
  return decisionOf('none', systemFinding('pending', 'NO_CAPTURE_YET'), facts, sifted);
}

function decisionOf(
  rule: string,
  finding: Finding,
  facts: Facts,
  { evidence, ignored }: SiftedFacts,
): Decision {
  const { session } = facts;
  const { stays, isMeasured } = evidence.pairing;
  const periods = attendedPeriods(finding.mark, evidence.pairing, session);
  const listed = ignoredOf(finding, session, evidence, ignored);
  const flags = flagsOf(finding, evidence, session);
  return {
    rule,
    mark: finding.mark,
    reason: finding.reason,
    source: finding.source,
    markedAtMs: finding.markedAtMs,
    attendedPeriods: periods,
    // Of somebody who does not belong there nothing is measured: what is kept must not tell who once did.
    stays: isMeasured && finding.mark !== 'not_required' ? stays : [],
    derivation: {
      rules_version: session.policy.rules_version,
      policy_id: session.policy.id,
      rule,
      limits: writtenLimits(session),
      used: finding.usedCaptures.map(describe),
      ignored: listed.slice(0, DERIVATION_IGNORED_MAX),
      ignored_more: Math.max(0, listed.length - DERIVATION_IGNORED_MAX),
      decisions: [...finding.usedDecisions],
      ...(finding.also === undefined || finding.also.length === 0 ? {} : { also: [...finding.also] }),
      ...(flags.length === 0 ? {} : { flags }),
      ...(finding.leaveId === undefined ? {} : { leave_id: finding.leaveId }),
      ...(finding.visitedSessionId === undefined ? {} : { visited_session_id: finding.visitedSessionId }),
      ...(isMeasured && stays.length > 0 ? { dwell_seconds: dwellSeconds(stays, session) } : {}),
      ...(periods === null ? {} : { periods: { held: session.periodCount, attended: periods } }),
    },
  };
}

function dwellSeconds(stays: readonly Stay[], session: SessionFacts): number {
  const seconds = Math.floor(dwellMs(stays, session.startMs, actualEndMs(session)) / 1000);
  return Number.isFinite(seconds) ? Math.min(seconds, Number.MAX_SAFE_INTEGER) : 0;
}

function flagsOf(finding: Finding, { pairing }: Evidence, { startMs, endMs }: SessionFacts): Flag[] {
  const flags = new Set(finding.flags);
  const isAssumed = pairing.stays.some(
    (stay) => stay.isExitAssumed && stay.leftMs > startMs && stay.enteredMs < endMs,
  );
  if (pairing.isMeasured && isAssumed) flags.add('EXIT_ASSUMED');
  return [...flags].sort();
}

/** What a person looking at this class wants to know; what was around it is told by other classes. */
function ignoredOf(
  finding: Finding,
  { reachFromMs, reachUntilMs }: SessionFacts,
  { arrivals }: Evidence,
  ignored: readonly IgnoredCapture[],
): Derivation['ignored'] {
  const used = new Set(finding.usedCaptures.map(({ punchId }) => punchId));
  const whySurplus = used.size > 0 ? 'LATER_CAPTURE' : 'OUTRANKED';
  const whyOf = new Map<string, IgnoreReason>();
  const told: Capture[] = [];
  const isTold = ({ punchId, atMs }: Capture): boolean =>
    !used.has(punchId) && (!isKnownTime(atMs) || !(atMs < reachFromMs || atMs > reachUntilMs));
  for (const { capture, why } of ignored) {
    whyOf.set(capture.punchId, why);
    if (isTold(capture)) told.push(capture);
  }
  for (const capture of arrivals) {
    if (!whyOf.has(capture.punchId) && isTold(capture)) told.push(capture);
  }
  return canonicalOrder(told).map((capture) =>
    Object.assign(describe(capture), { why: whyOf.get(capture.punchId) ?? whySurplus }),
  );
}

function describe(capture: Capture): DerivedCapture {
  return {
    punch_id: capture.punchId,
    at: isKnownTime(capture.atMs) ? instantText(capture.atMs) : null,
    time_source: capture.timeSource,
    kind: capture.kind,
    gateway_id: capture.gatewayId,
    device_id: capture.deviceId,
    room_id: capture.roomId,
  };
}
