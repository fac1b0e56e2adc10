import { isCardWithPin, isFinger, sourceOf, strongestOf } from './assurance.js';
import type { Facts, FingerAlternative, SessionFacts } from './facts.js';
import type { Limits } from './limits.js';
import { dwellMs, isHere, type Pairing } from './pairing.js';
import type { Flag, Reason } from './reasons.js';
import { absentWhenFinal, type Evidence, type Finding, type MarkRule, type TimedCapture } from './rule.js';

const MINUTE_MS = 60_000;
/** Captures this long before the start may still be carried over (domain case 27). */
const CARRY_EARLY_MAX_MS = 30 * MINUTE_MS;

/**
 * The earliest capture that counts gives the time, the one that proves most gives the presence (domain D0, cases
 * 26, 28, 29): present up to start + grace, late up to the cut-off, both inclusive. After the cut-off this rule
 * is silent and `late-arrival` speaks, because an earlier capture may still be waiting in a gateway.
 */
export const arrivalRule: MarkRule = {
  id: 'arrival',
  judge(evidence, facts, limits) {
    const { arrivals, pairing } = evidence;
    if (isTooShort(pairing, facts.session) || lacksFinger(arrivals, facts)) return undefined;
    return arrivalFinding(evidence, facts, limits);
  },
};

/** What the arrivals give by their time alone; undefined where none is in time. */
export function arrivalFinding(
  { arrivals, doubted }: Evidence,
  facts: Facts,
  limits: Limits,
): Finding | undefined {
  const { session } = facts;
  const [first] = arrivals;
  if (first === undefined || first.atMs > limits.lateUntilMs) return undefined;
  const isOnTime = first.atMs <= limits.presentUntilMs;
  // Version 1 let the first capture speak for both.
  const strongest = session.policy.rules_version === 1 ? first : (strongestOf(arrivals) ?? first);
  const used = strongest === first ? [first] : [first, strongest];
  return {
    mark: isOnTime ? 'present' : 'late',
    reason: isOnTime ? 'ON_TIME' : 'LATE',
    source: sourceOf(strongest),
    markedAtMs: first.atMs,
    usedCaptures: used,
    usedDecisions: [],
    flags: doubts(used, facts, (capture) => doubted.has(capture)),
  };
}

function doubts(
  used: readonly TimedCapture[],
  { session, fingerAlternative }: Facts,
  isDoubted: (capture: TimedCapture) => boolean,
): Flag[] {
  const flags: Flag[] = [];
  // Whoever has no usable finger could not have shown one (case 118).
  const couldShowFinger = session.hasFingerReader && fingerAlternative == null;
  if (couldShowFinger && used.every(({ kind }) => kind === 'card')) flags.push('CARD_ONLY');
  if (used.every((capture) => capture.outcome === 'unverified' || isDoubted(capture)))
    flags.push('UNVERIFIED');
  return flags;
}

/**
 * Who stays from before the window is there without another capture (domain cases 27, 47), and is not made late by
 * one more (case 28).
 */
export const carryRule: MarkRule = {
  id: 'carry',
  judge(evidence, facts, limits) {
    const { session } = facts;
    const [first] = evidence.arrivals;
    const isOnTime = first !== undefined && first.atMs <= limits.presentUntilMs;
    if (isOnTime && !isOnlyCard(evidence.arrivals, facts)) return undefined;
    if (isTooShort(evidence.pairing, session)) return undefined;
    const entry = stayingSince(evidence.pairing, session, limits);
    if (entry === undefined) return undefined;
    const proof = proofOf(entry, evidence, facts, limits);
    if (lacksFinger([proof], facts)) return undefined;
    const reason = carryReason(entry, session);
    if (reason === undefined) return undefined;
    const used = proof === entry ? [entry] : [entry, proof];
    return {
      mark: 'present',
      reason,
      source: sourceOf(proof),
      markedAtMs: entry.atMs,
      usedCaptures: used,
      usedDecisions: [],
      flags: doubts(used, facts, (capture) => evidence.doubted.has(capture)),
    };
  },
};

/** Where a finger is asked for, also one that was shown after the card on entering (case 113); before version 3 only the entry spoke. */
function proofOf(
  entry: TimedCapture,
  { timeline, pairing }: Evidence,
  facts: Facts,
  limits: Limits,
): TimedCapture {
  const { session } = facts;
  if (!session.policy.card_and_finger || session.policy.rules_version < 3) return entry;
  const shown = timeline.filter(
    (capture) =>
      capture.atMs >= entry.atMs &&
      capture.atMs < limits.capturesFromMs &&
      isHere(session, capture) &&
      !pairing.exits.has(capture),
  );
  return shown.find((capture) => !lacksFinger([capture], facts)) ?? entry;
}

/** A card takes nothing away from whoever has shown a finger on entering (case 113); before version 3 it did. */
const isOnlyCard = (arrivals: readonly TimedCapture[], facts: Facts): boolean =>
  facts.session.policy.rules_version >= 3 && lacksFinger(arrivals, facts);

function carryReason(entry: TimedCapture, session: SessionFacts): 'CARRIED' | 'CARRIED_EARLY' | undefined {
  const { policy, startMs } = session;
  const isFromClassBefore = session.blockFromMs < session.reachFromMs;
  if (isFromClassBefore && policy.capture_per_period) return undefined;
  if (isFromClassBefore && policy.contiguous_carry && entry.atMs >= session.blockFromMs) return 'CARRIED';
  return policy.carry_early && entry.atMs >= startMs - CARRY_EARLY_MAX_MS ? 'CARRIED_EARLY' : undefined;
}

/** The entry of whoever came before the window and was still inside at the start. */
export function stayingSince(
  { stays }: Pairing,
  { startMs, blockFromMs }: SessionFacts,
  { capturesFromMs }: Limits,
): TimedCapture | undefined {
  const earliestMs = Math.min(blockFromMs, startMs - CARRY_EARLY_MAX_MS);
  return stays.findLast(
    ({ enteredMs, leftMs }) => enteredMs >= earliestMs && enteredMs < capturesFromMs && leftMs > startMs,
  )?.entry;
}

/** Staying is not enough where every class needs a capture of its own (domain case 47). */
export const capturePerPeriodRule: MarkRule = {
  id: 'capture-per-period',
  judge({ arrivals, pairing }, { session }, limits) {
    if (!session.policy.capture_per_period || arrivals.length > 0) return undefined;
    if (session.blockFromMs >= session.reachFromMs) return undefined;
    const entry = stayingSince(pairing, session, limits);
    return entry === undefined ? undefined : pendingBy(entry, 'CAPTURE_PER_PERIOD');
  },
};

/**
 * A card alone is not enough where a finger is asked for, too (domain case 113), or what stands in for it where the
 * student has none to show (case 118).
 */
export const fingerNeededRule: MarkRule = {
  id: 'finger-needed',
  judge({ arrivals }, facts, limits) {
    const [first] = arrivals;
    if (first === undefined || first.atMs > limits.lateUntilMs || !lacksFinger(arrivals, facts))
      return undefined;
    return pendingBy(first, WHAT_IS_NEEDED[facts.fingerAlternative ?? 'finger']);
  },
};

const WHAT_IS_NEEDED = {
  finger: 'FINGER_NEEDED',
  card_pin: 'PIN_NEEDED',
  faculty: 'CONFIRMATION_NEEDED',
} as const satisfies Record<FingerAlternative | 'finger', Reason>;

const lacksFinger = (captures: readonly TimedCapture[], { session, fingerAlternative }: Facts): boolean =>
  session.policy.card_and_finger &&
  captures.length > 0 &&
  !captures.some(
    (capture) => isFinger(capture) || (fingerAlternative === 'card_pin' && isCardWithPin(capture)),
  );

function pendingBy(capture: TimedCapture, reason: Reason): Finding {
  return {
    mark: 'pending',
    reason,
    source: sourceOf(capture),
    markedAtMs: capture.atMs,
    usedCaptures: [capture],
    usedDecisions: [],
  };
}

/** Where exits are captured: inside for less than the minimum is absent, on time or late (cases 34–36). */
export const tooShortRule: MarkRule = {
  id: 'too-short',
  judge({ arrivals, pairing }, facts, limits) {
    if (!isTooShort(pairing, facts.session)) return undefined;
    const first = arrivals[0] ?? stayingSince(pairing, facts.session, limits);
    if (first === undefined) return undefined;
    const isLate = first.atMs > limits.presentUntilMs;
    const lateness: Reason = first.atMs > limits.lateUntilMs ? 'ARRIVED_AFTER_CUTOFF' : 'LATE';
    return {
      ...pendingBy(first, 'TOO_SHORT'),
      mark: absentWhenFinal(facts),
      also: isLate ? [lateness] : [],
    };
  },
};

function isTooShort({ stays, isMeasured }: Pairing, session: SessionFacts): boolean {
  if (!isMeasured || stays.length === 0) return false;
  const endMs = actualEndMs(session);
  return dwellMs(stays, session.startMs, endMs) < minimumMs(session, endMs);
}

/** The class really ended when somebody closed it (domain case 14). */
export const actualEndMs = ({ startMs, endMs, closedEarlyMs }: SessionFacts): number =>
  closedEarlyMs === null ? endMs : Math.max(startMs, Math.min(endMs, closedEarlyMs));

function minimumMs({ startMs, endMs, policy }: SessionFacts, actualMs: number): number {
  const share = policy.min_duration_for_present_percent;
  const wantedMs =
    share > 0 ? ((endMs - startMs) * share) / 100 : policy.min_duration_for_present_minutes * MINUTE_MS;
  return Math.min(wantedMs, actualMs - startMs);
}

/** After the cut-off: absent with the capture kept, once no earlier capture can turn up any more. */
export const lateArrivalRule: MarkRule = {
  id: 'late-arrival',
  judge({ arrivals: [first] }, facts) {
    if (first === undefined) return undefined;
    return { ...pendingBy(first, 'ARRIVED_AFTER_CUTOFF'), mark: absentWhenFinal(facts) };
  },
};
