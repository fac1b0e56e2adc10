import { type Motion, motionOf } from '../match/alignment.js';
import type { PreparedFinger } from '../match/compare.js';
import { pairByEdges } from '../match/edge-matcher.js';
import type { Stars } from '../match/stars.js';

/** Half a millimeter at 500 dpi: two impressions in fifty of people who were only told to lift lie nearer. */
const SAME_PLACE_PX = 10;
const SAME_PLACE_RADIANS = (3 * Math.PI) / 180;
/** Fewer pairs say nothing about where the finger lay. */
const PAIRS_NEEDED = 4;

/** Whether two impressions of one finger show the same part of it, turned the same way. */
export function isSamePlace(a: PreparedFinger, b: PreparedFinger): boolean {
  const [one, other] = [a.edges[0].stars, b.edges[0].stars];
  const { pairs } = pairByEdges(one, other);
  if (pairs.length < PAIRS_NEEDED) return false;
  const motion = motionOf(one, other, pairs);
  const turn = Math.abs(Math.atan2(Math.sin(motion.angle), Math.cos(motion.angle)));
  return turn < SAME_PLACE_RADIANS && shiftOf(motion, middleOf(other)) < SAME_PLACE_PX;
}

/** How far the middle of the finger has moved, px: a turn about a far corner is no other place. */
function shiftOf({ cos, sin, dx, dy }: Motion, { x, y }: { x: number; y: number }): number {
  return Math.hypot(cos * x + sin * y + dx - x, cos * y - sin * x + dy - y);
}

function middleOf({ x, y, count }: Stars): { x: number; y: number } {
  const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
  return { x: sum(x) / count, y: sum(y) / count };
}
