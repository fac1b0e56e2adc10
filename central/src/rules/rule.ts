import type { Capture, Facts, Mark, Source } from './facts.js';
import type { Limits } from './limits.js';
import type { IgnoreReason, Reason } from './reasons.js';

/** A capture whose time is known: all that is left after the first evidence rule. */
export type TimedCapture = Capture & { atMs: number };

export interface IgnoredCapture {
  capture: Capture;
  why: IgnoreReason;
}

export interface Sifted {
  kept: readonly TimedCapture[];
  ignored: readonly IgnoredCapture[];
}

/** Decides which captures count. Captures come in canonical order; pure and total. */
export interface EvidenceRule {
  id: string;
  sift(captures: readonly TimedCapture[], facts: Facts, limits: Limits): Sifted;
}

export interface Finding {
  mark: Mark;
  reason: Reason;
  source: Source;
  markedAtMs: number | null;
  usedCaptures: readonly Capture[];
  usedDecisions: readonly string[];
}

/** Decides the mark, or leaves it to the next rule. Pure and total. */
export interface MarkRule {
  id: string;
  judge(captures: readonly TimedCapture[], facts: Facts, limits: Limits): Finding | undefined;
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
