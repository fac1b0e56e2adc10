import { actualEndMs } from './arrival.js';
import { canonicalOrder, isKnownTime } from './canonical-order.js';
import {
  DERIVATION_IGNORED_MAX,
  type Derivation,
  type DerivedCapture,
  type IgnoredDerivedCapture,
  SURPLUS_REASONS,
} from './derivation.js';
import type { Capture, Facts, Mark, SessionFacts, Source } from './facts.js';
import { instantText } from './instant-text.js';
import { limitsOf, writtenLimits } from './limits.js';
import { dwellMs, type Stay } from './pairing.js';
import { attendedPeriods } from './periods.js';
import type { Flag, IgnoreReason, Reason } from './reasons.js';
import { MARK_RULES } from './registry.js';
import { type Evidence, type Finding, systemFinding } from './rule.js';
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
  return decisionOf(judge(facts), facts);
}

/** What the mark does not need and its derivation does not list, for whoever asks why. */
export interface Surplus {
  /** Captures that decided, as the evidence is now. */
  usedIds: string[];
  captures: IgnoredDerivedCapture[];
  /** How many more there are than are listed. */
  more: number;
}

/** Pure and total, like {@link decide}. */
export function surplusOf(facts: Facts): Surplus {
  const { session } = facts;
  const { finding, sifted } = judge(facts);
  const surplus = surplusReasons(sifted, facts);
  const told = ignoredOf(finding, session, sifted, (why) => surplus.has(why));
  const usedIds = finding.usedCaptures.map(({ punchId }) => punchId);
  return { usedIds, captures: told.listed, more: told.more };
}

interface Judged {
  rule: string;
  finding: Finding;
  sifted: SiftedFacts;
}

function judge(facts: Facts): Judged {
  const limits = limitsOf(facts.session);
  const sifted = siftAll(facts, limits);
  for (const rule of MARK_RULES) {
    const finding = rule.judge(sifted.evidence, facts, limits);
    if (finding !== undefined) return { rule: rule.id, finding, sifted };
  }
  return { rule: 'none', finding: systemFinding('pending', 'NO_CAPTURE_YET'), sifted };
}

function decisionOf({ rule, finding, sifted }: Judged, facts: Facts): Decision {
  const { session } = facts;
  const { evidence } = sifted;
  const { stays, isMeasured } = evidence.pairing;
  const periods = attendedPeriods(finding.mark, evidence.pairing, session);
  const surplus = surplusReasons(sifted, facts);
  const ignored = ignoredOf(finding, session, sifted, (why) => !surplus.has(why));
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
      ignored: ignored.listed,
      ignored_more: ignored.more,
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

/**
 * Reasons that say nothing new. Every capture says something about those beside it where exits are captured, where there is doubt who was
 * captured, where the class has or had several rooms, and where it counts against or for another class (domain cases 53, 57, 60).
 */
function surplusReasons(
  { evidence: { pairing, doubted }, ignored }: SiftedFacts,
  { session: { alternatingRooms, rooms }, clashes = [], visits = [] }: Facts,
): ReadonlySet<IgnoreReason> {
  const hasExits = pairing.isMeasured || alternatingRooms.length > 0;
  const isDoubted = doubted.size > 0 || ignored.some(({ why }) => why === 'IMPOSSIBLE_TRAVEL');
  const isInOneRoom = rooms.length === 1 && !rooms.some(({ untilMs }) => Number.isFinite(untilMs));
  const isAlone = clashes.length === 0 && visits.length === 0;
  return hasExits || isDoubted || !isInOneRoom || !isAlone ? NO_REASONS : SURPLUS_REASONS;
}

const NO_REASONS: ReadonlySet<IgnoreReason> = new Set();

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
  { evidence: { arrivals }, ignored }: SiftedFacts,
  isWanted: (why: IgnoreReason) => boolean,
): { listed: IgnoredDerivedCapture[]; more: number } {
  const used = new Set(finding.usedCaptures.map(({ punchId }) => punchId));
  const whySurplus = used.size > 0 ? 'LATER_CAPTURE' : 'OUTRANKED';
  const whyOf = new Map<string, IgnoreReason>();
  const told: Capture[] = [];
  const tell = (capture: Capture, why: IgnoreReason): void => {
    const { punchId, atMs } = capture;
    whyOf.set(punchId, why);
    const isOfClass = !isKnownTime(atMs) || !(atMs < reachFromMs || atMs > reachUntilMs);
    if (isOfClass && !used.has(punchId) && isWanted(why)) told.push(capture);
  };
  for (const { capture, why } of ignored) tell(capture, why);
  for (const capture of arrivals) if (!whyOf.has(capture.punchId)) tell(capture, whySurplus);
  return {
    listed: canonicalOrder(told)
      .slice(0, DERIVATION_IGNORED_MAX)
      .map((capture) =>
        Object.assign(describe(capture), { why: whyOf.get(capture.punchId) as IgnoreReason }),
      ),
    more: Math.max(0, told.length - DERIVATION_IGNORED_MAX),
  };
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
