import type { Goal, Measurement } from './goals.js';

/** What one measurement found: figures that goals ask for, and everything else worth knowing. */
export interface Measured {
  figures: Record<string, number>;
  raw: Record<string, number | string>;
}

export interface Result {
  name: string;
  metric: string;
  value: number | null;
  goal: string;
  /** Null where nothing was measured. */
  holds: boolean | null;
  note?: string;
}

/** One line for each figure of a goal; a goal whose figures are missing is a mistake of the benchmark. */
export function judge(goal: Goal, measured: ReadonlyMap<Measurement, Measured>, notRun: string): Result[] {
  const { name, goal: text, measuredBy, notMeasured, metrics } = goal;
  const found = measuredBy === undefined ? undefined : measured.get(measuredBy);
  if (found === undefined) {
    return [{ name, metric: 'figures', value: null, goal: text, holds: null, note: notMeasured ?? notRun }];
  }
  return metrics.map(({ metric, holds }) => {
    const value = found.figures[metric];
    if (value === undefined) throw new Error(`"${name}" was measured without its figure "${metric}"`);
    return { name, metric, value, goal: text, holds: holds(value) };
  });
}

/** Nearest-rank percentile of samples in any order. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

const MIB = 1024 * 1024;

export function heapMib(): number {
  globalThis.gc?.();
  return round(process.memoryUsage().heapUsed / MIB);
}

/** Three digits are all that a benchmark on a shared machine is worth. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
