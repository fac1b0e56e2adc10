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
