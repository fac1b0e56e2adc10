/** Types as in ISO/IEC 19794-2: 0 other, 1 ridge ending, 2 bifurcation. */
export const OTHER = 0;
export const ENDING = 1;
export const BIFURCATION = 2;
export type MinutiaType = 0 | 1 | 2;

/** Steps of a whole turn in a stored angle (ISO/IEC 19794-2: 1.40625° each). */
export const ANGLE_STEPS = 256;
/** Minutiae kept per set: what fits the one-byte counts of the standards, and more than a finger has. */
export const MINUTIAE_MAX = 120;

export interface Minutia {
  /** px at 500 dpi, from the top left. */
  x: number;
  y: number;
  /** 0..255, counter-clockwise from the x axis, pointing along the ridge (or valley) that ends here, away from its end. */
  angle: number;
  type: MinutiaType;
  /** 1..100. */
  quality: number;
}

/** Best first when there are too many; the order in the record is by place, so that it says nothing else. */
export function strongest(minutiae: readonly Minutia[], limit = MINUTIAE_MAX): Minutia[] {
  return [...minutiae]
    .sort((a, b) => b.quality - a.quality || a.y - b.y || a.x - b.x || a.angle - b.angle)
    .slice(0, limit)
    .sort((a, b) => a.y - b.y || a.x - b.x || a.angle - b.angle);
}

/** Radians (any) to stored steps. */
export function toAngleSteps(radians: number): number {
  return Math.round((radians * ANGLE_STEPS) / (2 * Math.PI)) & (ANGLE_STEPS - 1);
}

export function toRadians(angle: number): number {
  return (angle * 2 * Math.PI) / ANGLE_STEPS;
}

/** Smallest difference of two stored angles, 0..128. */
export function angleDistance(a: number, b: number): number {
  const difference = Math.abs(a - b) & (ANGLE_STEPS - 1);
  return difference > ANGLE_STEPS / 2 ? ANGLE_STEPS - difference : difference;
}
