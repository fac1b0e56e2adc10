import type { ClassSession, Counts } from '../api/types.js';

/** The order of the bar and of its legend: what is certain first, what is withheld after it. */
export const COUNTED = ['present', 'late', 'excused', 'pending', 'absent'] as const;
export type Counted = (typeof COUNTED)[number];

export interface Share {
  mark: Counted;
  count: number;
  /** Of the whole roster, 0–100; exact, so that the bar is never longer than itself. */
  percent: number;
}

export function total(counts: Counts): number {
  return COUNTED.reduce((sum, mark) => sum + counts[mark], 0);
}

export function shares(counts: Counts): Share[] {
  const all = total(counts);
  return COUNTED.map((mark) => ({
    mark,
    count: counts[mark],
    percent: all === 0 ? 0 : (counts[mark] / all) * 100,
  }));
}

export function sumCounts(sessions: readonly ClassSession[]): Counts {
  const sum: Counts = { present: 0, late: 0, absent: 0, excused: 0, pending: 0 };
  for (const session of sessions) {
    for (const mark of COUNTED) sum[mark] += session.counts[mark];
  }
  return sum;
}
