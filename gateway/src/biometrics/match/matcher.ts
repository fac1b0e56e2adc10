import type { Minutia } from '../extract/minutiae.js';
import type { OrientationGrid } from '../field/orientation-grid.js';

/** One set of minutiae of one finger, with the ridge flow around them where it is known. */
export interface FingerSide {
  minutiae: readonly Minutia[];
  grid: OrientationGrid;
}

/**
 * What every matcher is: it prepares a side once and compares prepared sides often. Its evidence is a list of numbers
 * of fixed meaning that {@link fuse} weighs, so a matcher can be replaced by another without touching the rest
 * (ADR 18: the patents on the cylinder code).
 */
export interface Matcher<Prepared> {
  readonly id: string;
  prepare(side: FingerSide): Prepared;
  /** Evidence that both are one finger; nearly, not exactly, the same the other way round. */
  compare(a: Prepared, b: Prepared): readonly number[];
}
