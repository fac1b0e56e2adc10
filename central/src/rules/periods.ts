import { actualEndMs } from './arrival.js';
import type { Mark, SessionFacts } from './facts.js';
import { dwellMs, type Pairing } from './pairing.js';

/**
 * Of how many periods the student was in for at least half the time, in a class of several (domain case 59). Null
 * where that is not measured: then the mark stands for all of them.
 */
export function attendedPeriods(
  mark: Mark,
  { stays, isMeasured }: Pairing,
  session: SessionFacts,
): number | null {
  const { periodCount, policy, startMs, endMs } = session;
  if (!isMeasured || !policy.partial_periods || periodCount < 2) return null;
  if (mark !== 'present' && mark !== 'late') return null;
  const lengthMs = (endMs - startMs) / periodCount;
  const lastMs = actualEndMs(session);
  let attended = 0;
  for (let period = 0; period < periodCount; period += 1) {
    const fromMs = startMs + period * lengthMs;
    if (dwellMs(stays, fromMs, Math.min(fromMs + lengthMs, lastMs)) >= lengthMs / 2) attended += 1;
  }
  // Whoever has a mark for attending was in at least one.
  return Math.max(1, attended);
}
