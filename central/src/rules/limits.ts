import { TIME_MAX_MS, TIME_MIN_MS } from './canonical-order.js';
import type { Derivation } from './derivation.js';
import type { SessionFacts } from './facts.js';

const MINUTE_MS = 60_000;

/** The instants that the policy means for one class session, milliseconds since 1970 UTC; all inclusive. */
export interface Limits {
  capturesFromMs: number;
  presentUntilMs: number;
  lateUntilMs: number;
  capturesUntilMs: number;
}

/** Grace and cut-off count from the planned start (domain A3 R5), whenever the class really opened. */
export function limitsOf({ startMs, endMs, closedEarlyMs, policy }: SessionFacts): Limits {
  const closesMs = endMs + policy.close_grace_minutes * MINUTE_MS;
  return {
    capturesFromMs: startMs - policy.early_open_minutes * MINUTE_MS,
    presentUntilMs: startMs + policy.grace_period_minutes * MINUTE_MS,
    lateUntilMs: startMs + policy.late_cutoff_minutes * MINUTE_MS,
    // Captures stop when the class does (domain case 14).
    capturesUntilMs: closedEarlyMs === null ? closesMs : Math.min(closesMs, closedEarlyMs),
  };
}

/** The same for every student of a class, and dear to write for each. */
const written = new WeakMap<SessionFacts, Derivation['limits']>();

/** The limits as a derivation lists them. */
export function writtenLimits(session: SessionFacts): Derivation['limits'] {
  const known = written.get(session);
  if (known !== undefined) return known;
  const limits = limitsOf(session);
  const texts = {
    captures_from: clampedInstant(limits.capturesFromMs),
    present_until: clampedInstant(limits.presentUntilMs),
    late_until: clampedInstant(limits.lateUntilMs),
    captures_until: clampedInstant(limits.capturesUntilMs),
  };
  written.set(session, texts);
  return texts;
}

function clampedInstant(ms: number): string {
  const finite = Number.isNaN(ms) ? 0 : ms;
  return new Date(Math.trunc(Math.min(TIME_MAX_MS, Math.max(TIME_MIN_MS, finite)))).toISOString();
}
