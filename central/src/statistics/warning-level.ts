import { type Periods, reaches } from './share.js';

/** Percent, downwards; the band that can still be saved is among them (domain case 148, A10.19). */
export const WARNING_LEVELS = [85, 80, 75, 70, 65] as const;
/** A level is left when the share is this many points above it. */
const HYSTERESIS_POINTS = 1;

export interface Warned {
  /** The deepest level of this descent that was told; null: none. */
  level: number | null;
  isNew: boolean;
}

/**
 * Which level a student is told of, once per level and descent (domain case 148): the deepest that the share is below. One
 * that goes up by less than the hysteresis and down again hears nothing twice.
 */
export function warnedLevel(share: Periods, before: number | null): Warned {
  const { held, attended } = share;
  if (held === 0) return { level: before, isNew: false };
  const below = WARNING_LEVELS.findLast((level) => !reaches(attended, held, level)) ?? null;
  const kept =
    before === null
      ? null
      : (WARNING_LEVELS.findLast(
          (level) => level >= before && !reaches(attended, held, level + HYSTERESIS_POINTS),
        ) ?? null);
  const isNew = below !== null && (kept === null || below < kept);
  return { level: isNew ? below : kept, isNew };
}
