import { angleDistance, toRadians } from '../extract/minutiae.js';
import { GRID_PX, type OrientationGrid, orientationAt } from '../field/orientation-grid.js';
import type { Stars } from './stars.js';

/** A rigid motion that lays set B over set A: turned by `angle` (counter-clockwise, y up), then moved. */
export interface Motion {
  cos: number;
  sin: number;
  dx: number;
  dy: number;
  /** Radians. */
  angle: number;
}

/** Distance at which minutiae lie on each other after the motion, px; the rest is skin that stretched. */
const MEET_PX = 14;
const MEET_ANGLE = 16;
/** How far beyond the other set's minutiae its finger is still seen, when no orientation is known, px. */
const REACH_PX = 24;

/** Least squares over paired minutiae: places fix the motion, directions help where pairs lie close together. */
export function motionOf(a: Stars, b: Stars, pairs: readonly { a: number; b: number }[]): Motion {
  let ax = 0;
  let ay = 0;
  let bx = 0;
  let by = 0;
  for (const pair of pairs) {
    ax += a.x[pair.a]! / pairs.length;
    ay += a.y[pair.a]! / pairs.length;
    bx += b.x[pair.b]! / pairs.length;
    by += b.y[pair.b]! / pairs.length;
  }
  let dot = 0;
  let cross = 0;
  for (const pair of pairs) {
    const px = a.x[pair.a]! - ax;
    const py = ay - a.y[pair.a]!;
    const qx = b.x[pair.b]! - bx;
    const qy = by - b.y[pair.b]!;
    const turn = toRadians(a.angle[pair.a]!) - toRadians(b.angle[pair.b]!);
    dot += qx * px + qy * py + DIRECTION_WEIGHT_PX2 * Math.cos(turn);
    cross += qx * py - qy * px + DIRECTION_WEIGHT_PX2 * Math.sin(turn);
  }
  const angle = Math.atan2(cross, dot);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return { cos, sin, angle, dx: ax - (cos * bx + sin * by), dy: ay - (cos * by - sin * bx) };
}

/** What a direction counts in comparison with a place: that of a neighbor at 30 px. */
const DIRECTION_WEIGHT_PX2 = 900;

export interface Overlay {
  /** Minutiae that lie on each other. */
  met: number;
  /** Minutiae of each set that lie where the other set's finger was seen. */
  sharedA: number;
  sharedB: number;
  /** Mean distance of those that met, px. */
  distance: number;
  /** Mean cosine of the doubled difference of ridge orientation, -1..1, over `cells` cells both have seen. */
  flow: number;
  cells: number;
}

/** How well the two agree once laid over each other, and how much there was to agree on. */
export function overlay(
  a: { stars: Stars; grid: OrientationGrid },
  b: { stars: Stars; grid: OrientationGrid },
  motion: Motion,
): Overlay {
  const x = b.stars.x.map((value, at) => motion.cos * value + motion.sin * b.stars.y[at]! + motion.dx);
  const y = b.stars.y.map((value, at) => motion.cos * value - motion.sin * b.stars.x[at]! + motion.dy);
  const { met, distance } = meetings(a.stars, { stars: b.stars, x, y }, motion);
  const back = inverse(motion);
  const ax = a.stars.x.map((value, at) => back.cos * value + back.sin * a.stars.y[at]! + back.dx);
  const ay = a.stars.y.map((value, at) => back.cos * value - back.sin * a.stars.x[at]! + back.dy);
  const flow = commonFlow(a.grid, b.grid, back);
  return {
    met,
    distance,
    sharedA: seen(b, ax, ay),
    sharedB: seen(a, x, y),
    flow: flow.mean,
    cells: flow.cells,
  };
}

function inverse({ cos, sin, dx, dy, angle }: Motion): Motion {
  return { cos, sin: -sin, angle: -angle, dx: -(cos * dx - sin * dy), dy: -(cos * dy + sin * dx) };
}

function meetings(a: Stars, b: { stars: Stars; x: Float32Array; y: Float32Array }, motion: Motion) {
  const turn = Math.round((motion.angle * 256) / (2 * Math.PI));
  const close: { a: number; b: number; distance: number }[] = [];
  for (let one = 0; one < a.count; one += 1) {
    for (let other = 0; other < b.stars.count; other += 1) {
      const dx = a.x[one]! - b.x[other]!;
      const dy = a.y[one]! - b.y[other]!;
      const squared = dx * dx + dy * dy;
      if (squared > MEET_PX * MEET_PX) continue;
      if (angleDistance(a.angle[one]!, b.stars.angle[other]! + turn) > MEET_ANGLE) continue;
      close.push({ a: one, b: other, distance: Math.sqrt(squared) });
    }
  }
  close.sort((p, q) => p.distance - q.distance || p.a - q.a || p.b - q.b);
  const usedA = new Uint8Array(a.count);
  const usedB = new Uint8Array(b.stars.count);
  let met = 0;
  let sum = 0;
  for (const pair of close) {
    if (usedA[pair.a] === 1 || usedB[pair.b] === 1) continue;
    usedA[pair.a] = 1;
    usedB[pair.b] = 1;
    met += 1;
    sum += pair.distance;
  }
  return { met, distance: met === 0 ? MEET_PX : sum / met };
}

/** How many places lie in the finger of a set; without a grid, in the box round its minutiae. */
function seen(set: { stars: Stars; grid: OrientationGrid }, x: Float32Array, y: Float32Array): number {
  const { grid, stars } = set;
  if (grid.cells.length > 0) {
    let count = 0;
    for (let at = 0; at < x.length; at += 1)
      if (orientationAt(grid, x[at]!, y[at]!) !== undefined) count += 1;
    return count;
  }
  const left = stars.x.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY) - REACH_PX;
  const right = stars.x.reduce((high, value) => Math.max(high, value), 0) + REACH_PX;
  const top = stars.y.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY) - REACH_PX;
  const bottom = stars.y.reduce((high, value) => Math.max(high, value), 0) + REACH_PX;
  let count = 0;
  for (let at = 0; at < x.length; at += 1) {
    if (x[at]! >= left && x[at]! <= right && y[at]! >= top && y[at]! <= bottom) count += 1;
  }
  return count;
}

function commonFlow(a: OrientationGrid, b: OrientationGrid, back: Motion): { mean: number; cells: number } {
  let sum = 0;
  let cells = 0;
  for (let row = 0; row < a.height; row += 1) {
    for (let column = 0; column < a.width; column += 1) {
      const x = (column + 0.5) * GRID_PX;
      const y = (row + 0.5) * GRID_PX;
      const one = orientationAt(a, x, y);
      if (one === undefined) continue;
      const other = orientationAt(
        b,
        back.cos * x + back.sin * y + back.dx,
        back.cos * y - back.sin * x + back.dy,
      );
      if (other === undefined) continue;
      sum += Math.cos(2 * (one - other + back.angle));
      cells += 1;
    }
  }
  return { mean: cells === 0 ? 0 : sum / cells, cells };
}
