/** Best scores of one probe: against its own finger, and against all others. */
export interface ProbeResult {
  own: number;
  other: number;
}

export interface OpenSetRates {
  probes: number;
  /** Share of probes whose own finger comes first, percent. */
  rank1: number;
  /** Share of probes that are missed at a false positive rate of 10, 1, 0.3 and 0 percent, percent. */
  fnir_at_fpir: { '10': number; '1': number; '0.3': number; '0': number };
}

/**
 * A false positive is a probe whose best wrong finger reaches the threshold, as if its owner were not enrolled. A probe
 * is missed when its own finger does not reach the threshold or does not come first.
 */
export function openSetRates(results: readonly ProbeResult[]): OpenSetRates {
  const others = results.map(({ other }) => other).sort((a, b) => b - a);
  const missedAt = (share: number): number => {
    const allowed = Math.floor(share * results.length);
    // Above the first score that would be one false positive too many.
    const limit = others[allowed] ?? Number.NEGATIVE_INFINITY;
    const missed = results.filter(({ own, other }) => own <= limit || own <= other).length;
    return (100 * missed) / Math.max(1, results.length);
  };
  const first = results.filter(({ own, other }) => own > other).length;
  return {
    probes: results.length,
    rank1: (100 * first) / Math.max(1, results.length),
    fnir_at_fpir: { '10': missedAt(0.1), '1': missedAt(0.01), '0.3': missedAt(0.003), '0': missedAt(0) },
  };
}
