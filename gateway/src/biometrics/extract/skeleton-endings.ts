import { type BinaryPicture, neighborBits } from './thin.js';

/** A line that ends, and where it comes from. */
export interface LineEnd {
  x: number;
  y: number;
  /** Unit vector from the end back along the line (y down). */
  dx: number;
  dy: number;
  /** Steps to the next junction or end along the line, at most TRACE_STEPS. */
  length: number;
  /** The walk met another end. */
  isFragment: boolean;
}

/** Steps that are followed from an end; about two ridge periods (fingerprint §7.1.7: 21 px). */
export const TRACE_STEPS = 24;
/** Steps after which the direction is taken. */
const DIRECTION_STEPS = 14;
/** Short arms between junctions are teeth of the thinning; the walk goes on through them. */

/** How often a walk round the neighbors enters the line: 1 at an end, 2 inside, 3 and more at a junction. */
const CROSSINGS = Uint8Array.from({ length: 256 }, (_, bits) => {
  let count = 0;
  for (let at = 0; at < 8; at += 1)
    if (((bits >> at) & 1) === 0 && ((bits >> ((at + 1) & 7)) & 1) === 1) count += 1;
  return count;
});

/** Every end of the thinned picture. */
export function lineEnds(picture: BinaryPicture): LineEnd[] {
  const { data, stride, width, height } = picture;
  const ends: LineEnd[] = [];
  for (let y = 1; y <= height; y += 1) {
    for (let x = 1; x <= width; x += 1) {
      const at = y * stride + x;
      if (data[at] !== 1 || CROSSINGS[neighborBits(data, at, stride)] !== 1) continue;
      ends.push(traced(picture, at));
    }
  }
  return ends;
}

function traced(picture: BinaryPicture, start: number): LineEnd {
  const { data, stride } = picture;
  const steps = [1, -1, stride, -stride, stride + 1, stride - 1, -stride + 1, -stride - 1];
  const path = [start];
  let length = 0;
  let isFragment = false;
  while (length < TRACE_STEPS) {
    const here = path.at(-1)!;
    const next = steps
      .map((step) => here + step)
      .find((at) => data[at] === 1 && !path.includes(at) && !isBesideEarlier(at, path, stride));
    if (next === undefined) {
      isFragment = true;
      break;
    }
    length += 1;
    path.push(next);
    if (CROSSINGS[neighborBits(data, next, stride)]! >= 3) break;
  }
  const far = path[Math.min(DIRECTION_STEPS, path.length - 1)]!;
  const dx = (far % stride) - (start % stride);
  const dy = Math.floor(far / stride) - Math.floor(start / stride);
  const norm = Math.hypot(dx, dy) || 1;
  return {
    x: (start % stride) - 1,
    y: Math.floor(start / stride) - 1,
    dx: dx / norm,
    dy: dy / norm,
    length,
    isFragment,
  };
}

/** A corner of the line touches the pixel before the last too; going there would turn the walk round. */
function isBesideEarlier(at: number, path: readonly number[], stride: number): boolean {
  const earlier = path.at(-2);
  if (earlier === undefined) return false;
  const gap = Math.abs(at - earlier);
  return gap === 1 || gap === stride;
}
