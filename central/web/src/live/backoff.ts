const FIRST_MS = 1_000;
const CEILING_MS = 30_000;

/** Exponential with half of it random, so that a whole college does not come back in the same second. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(CEILING_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full / 2 + (full / 2) * random());
}
