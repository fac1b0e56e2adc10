/** Error rates of a set of comparisons in percent, by the definitions of the FVC contests. */
export interface Rates {
  eer: number;
  fmr100: number;
  fmr1000: number;
  fmr10000: number;
  zero_fmr: number;
}

/**
 * `genuine` and `impostor` are scores, larger is more alike. The false non-match rate at a threshold is the share of
 * genuine scores below it, the false match rate the share of impostor scores at or above it. FMRn is the least false
 * non-match rate at a false match rate of at most 1/n; the equal error rate lies where the two cross.
 */
export function rates(genuine: readonly number[], impostor: readonly number[]): Rates {
  const mates = Float64Array.from(genuine).sort();
  const others = Float64Array.from(impostor).sort();
  const highest = Math.max(mates.at(-1) ?? 0, others.at(-1) ?? 0);
  const thresholds = [...new Set([...mates, ...others, highest + 1])].sort((a, b) => a - b);
  const points = thresholds.map((threshold) => ({
    fnmr: shareBelow(mates, threshold),
    fmr: 1 - shareBelow(others, threshold),
  }));
  const at = (limit: number): number => 100 * (points.find(({ fmr }) => fmr <= limit + 1e-12)?.fnmr ?? 1);
  return {
    eer: 100 * equalErrorRate(points),
    fmr100: at(1 / 100),
    fmr1000: at(1 / 1000),
    fmr10000: at(1 / 10_000),
    zero_fmr: at(0),
  };
}

/** The mean of both rates on whichever side of the crossing is lower. */
function equalErrorRate(points: readonly { fnmr: number; fmr: number }[]): number {
  const after = points.findIndex(({ fnmr, fmr }) => fnmr > fmr);
  const low = points[Math.max(0, after - 1)]!;
  const high = points[Math.max(0, after)]!;
  return Math.min(low.fnmr + low.fmr, high.fnmr + high.fmr) / 2;
}

/** Share of sorted values that are less than a limit. */
export function shareBelow(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return sorted.length === 0 ? 0 : low / sorted.length;
}
