import type { Capture, Facts, Mark, Source } from './facts.js';
import type { Limits } from './limits.js';
import type { Pairing } from './pairing.js';
import type { Flag, IgnoreReason, Reason } from './reasons.js';

/** A capture whose time is known: all that is left after the first evidence rule. */
export type TimedCapture = Capture & { atMs: number };

export interface IgnoredCapture {
  capture: Capture;
  why: IgnoreReason;
}

export interface Sifted {
  kept: readonly TimedCapture[];
  ignored: readonly IgnoredCapture[];
  /** Captures that count but prove less than they seem to. */
  doubted?: readonly TimedCapture[];
}

/** Decides which captures count. Captures come in canonical order; pure and total. */
export interface EvidenceRule {
  id: string;
  sift(captures: readonly TimedCapture[], facts: Facts, limits: Limits, pairing: Pairing): Sifted;
}

/** What the captures come to. */
export interface Evidence {
  /** Captures that count as coming to this class, in the order of their time. */
  arrivals: readonly TimedCapture[];
  /** Everything that is believed of the student around the class, in any room. */
  timeline: readonly TimedCapture[];
  pairing: Pairing;
  doubted: ReadonlySet<Capture>;
}

export interface Finding {
  mark: Mark;
  reason: Reason;
  source: Source;
  markedAtMs: number | null;
  usedCaptures: readonly Capture[];
  usedDecisions: readonly string[];
  also?: readonly Reason[];
  flags?: readonly Flag[];
  leaveId?: string;
  visitedSessionId?: string;
}

/** Decides the mark, or leaves it to the next rule. Pure and total. */
export interface MarkRule {
  id: string;
  judge(evidence: Evidence, facts: Facts, limits: Limits): Finding | undefined;
}

/** An evidence rule that looks at each capture alone. */
export function eachCapture(
  id: string,
  whyIgnored: (capture: TimedCapture, facts: Facts, limits: Limits) => IgnoreReason | undefined,
): EvidenceRule {
  return {
    id,
    sift(captures, facts, limits) {
      const kept: TimedCapture[] = [];
      const ignored: IgnoredCapture[] = [];
      for (const capture of captures) {
        const why = whyIgnored(capture, facts, limits);
        if (why === undefined) kept.push(capture);
        else ignored.push({ capture, why });
      }
      return { kept, ignored };
    },
  };
}

/** A finding that no evidence led to. */
export function systemFinding(mark: Mark, reason: Reason): Finding {
  return { mark, reason, source: 'system', markedAtMs: null, usedCaptures: [], usedDecisions: [] };
}

/** Absent is said only when nothing can turn up any more (design §1, promise 2). */
export function absentWhenFinal({ session }: Facts): 'absent' | 'pending' {
  return session.status === 'finalized' || session.status === 'locked' ? 'absent' : 'pending';
}
