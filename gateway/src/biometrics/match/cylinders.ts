import { type Minutia, toRadians } from '../extract/minutiae.js';
import { convexHull, isNearHull, type Point } from './hull.js';

/** The published parameters of the binary cylinder code (fingerprint §8.1), except the grid of 12 instead of 16 or 8. */
const GRID = 12;
const RADIUS_PX = 70;
export const SLICES = 6;
const SIGMA_PX = 28 / 3;
const SIGMA_ANGLE = (2 * Math.PI) / 9;
const HULL_REACH_PX = 50;
const BIT_LIMIT = 0.01;
/** Share of a cylinder's cells that must be known. */
const VALID_SHARE = 0.75;
const NEIGHBORS_MIN = 2;

/** Cell centers inside the circle, in units of px, in the frame of the minutia. */
const CELLS = cellCenters();
const CELL_U = Float32Array.from(CELLS, (cell) => cell.u);
const CELL_V = Float32Array.from(CELLS, (cell) => cell.v);
export const CELL_WORDS = Math.ceil(CELLS.length / 32);
/** Words of one cylinder: its bits, slice after slice. */
export const CYLINDER_WORDS = CELL_WORDS * SLICES;

/** The cylinders of one set of minutiae, as arrays that a loop can run over. */
export interface Cylinders {
  count: number;
  /** CYLINDER_WORDS per cylinder. */
  bits: Int32Array;
  /** CELL_WORDS per cylinder: which cells are known. */
  known: Int32Array;
  /** Set bits per cylinder. */
  ones: Int16Array;
  x: Float32Array;
  y: Float32Array;
  /** Radians. */
  angle: Float32Array;
}

function cellCenters(): { u: number; v: number }[] {
  const step = (2 * RADIUS_PX) / GRID;
  const cells: { u: number; v: number }[] = [];
  for (let row = 0; row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      const u = (row - (GRID - 1) / 2) * step;
      const v = (column - (GRID - 1) / 2) * step;
      if (u * u + v * v <= RADIUS_PX * RADIUS_PX) cells.push({ u, v });
    }
  }
  return cells;
}

/** Weight of a neighbor by squared distance, px²; 0 beyond three sigmas. */
const NEAR_SQUARED = 9 * SIGMA_PX * SIGMA_PX;
const NEARNESS = Float32Array.from(
  { length: Math.ceil(NEAR_SQUARED) + 1 },
  (_, squared) => Math.exp(-squared / (2 * SIGMA_PX * SIGMA_PX)) / (SIGMA_PX * Math.sqrt(2 * Math.PI)),
);
/** Share of a neighbor's Gaussian in the slice, per difference of directions in 1/256 turns. */
const SLICE_SHARES = sliceShares();

function sliceShares(): Float32Array {
  const table = new Float32Array(256 * SLICES);
  const half = Math.PI / SLICES;
  for (let steps = 0; steps < 256; steps += 1) {
    for (let slice = 0; slice < SLICES; slice += 1) {
      const center = -Math.PI + (slice + 0.5) * 2 * half;
      const away = wrapped(center - toRadians(steps));
      table[steps * SLICES + slice] = gaussianArea(away - half, away + half);
    }
  }
  return table;
}

export function wrapped(radians: number): number {
  return radians - 2 * Math.PI * Math.round(radians / (2 * Math.PI));
}

/** Area of the normal distribution of SIGMA_ANGLE between two limits, by the midpoint rule. */
function gaussianArea(from: number, to: number): number {
  const steps = 64;
  const width = (to - from) / steps;
  let sum = 0;
  for (let step = 0; step < steps; step += 1) {
    const at = from + (step + 0.5) * width;
    sum += Math.exp((-at * at) / (2 * SIGMA_ANGLE * SIGMA_ANGLE));
  }
  return (sum * width) / (SIGMA_ANGLE * Math.sqrt(2 * Math.PI));
}

/** Builds the cylinders of a set; minutiae at the border or without neighbors have none. */
export function buildCylinders(minutiae: readonly Minutia[]): Cylinders {
  const hull = convexHull(minutiae);
  const sums = new Float32Array(CELLS.length * SLICES);
  const bits: number[] = [];
  const known: number[] = [];
  const kept: Minutia[] = [];
  for (const center of minutiae) {
    const valid = knownCells(center, hull);
    if (valid === undefined || !accumulate(center, minutiae, sums)) continue;
    kept.push(center);
    known.push(...valid);
    bits.push(...packed(sums, valid));
  }
  const words = Int32Array.from(bits);
  return {
    count: kept.length,
    bits: words,
    known: Int32Array.from(known),
    ones: Int16Array.from(kept, (_, at) => onesOf(words, at * CYLINDER_WORDS, CYLINDER_WORDS)),
    x: Float32Array.from(kept, (minutia) => minutia.x),
    y: Float32Array.from(kept, (minutia) => minutia.y),
    angle: Float32Array.from(kept, (minutia) => toRadians(minutia.angle)),
  };
}

function knownCells(center: Minutia, hull: readonly Point[]): Int32Array | undefined {
  const words = new Int32Array(CELL_WORDS);
  const cos = Math.cos(toRadians(center.angle));
  const sin = Math.sin(toRadians(center.angle));
  let count = 0;
  for (const [at, { u, v }] of CELLS.entries()) {
    const x = center.x + cos * u + sin * v;
    const y = center.y - sin * u + cos * v;
    if (!isNearHull(hull, x, y, HULL_REACH_PX)) continue;
    words[at >> 5]! |= 1 << (at & 31);
    count += 1;
  }
  return count >= VALID_SHARE * CELLS.length ? words : undefined;
}

/** Adds every neighbor to the cells around it; false when there are too few. */
function accumulate(center: Minutia, minutiae: readonly Minutia[], sums: Float32Array): boolean {
  sums.fill(0);
  const cos = Math.cos(toRadians(center.angle));
  const sin = Math.sin(toRadians(center.angle));
  const reach = RADIUS_PX + 3 * SIGMA_PX;
  let neighbors = 0;
  for (const other of minutiae) {
    const dx = other.x - center.x;
    const dy = other.y - center.y;
    if (other === center || dx * dx + dy * dy > reach * reach) continue;
    neighbors += 1;
    const u = cos * dx - sin * dy;
    const v = sin * dx + cos * dy;
    const shares = ((center.angle - other.angle) & 255) * SLICES;
    for (let cell = 0; cell < CELLS.length; cell += 1) {
      const du = u - CELL_U[cell]!;
      const dv = v - CELL_V[cell]!;
      const squared = du * du + dv * dv;
      if (squared > NEAR_SQUARED) continue;
      const near = NEARNESS[Math.round(squared)]!;
      for (let slice = 0; slice < SLICES; slice += 1) {
        sums[slice * CELLS.length + cell]! += near * SLICE_SHARES[shares + slice]!;
      }
    }
  }
  return neighbors >= NEIGHBORS_MIN;
}

function packed(sums: Float32Array, known: Int32Array): Int32Array {
  const words = new Int32Array(CYLINDER_WORDS);
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (let cell = 0; cell < CELLS.length; cell += 1) {
      if (((known[cell >> 5]! >> (cell & 31)) & 1) === 0) continue;
      if (sums[slice * CELLS.length + cell]! >= BIT_LIMIT) {
        words[slice * CELL_WORDS + (cell >> 5)]! |= 1 << (cell & 31);
      }
    }
  }
  return words;
}

function onesOf(words: Int32Array, from: number, count: number): number {
  let sum = 0;
  for (let at = from; at < from + count; at += 1) sum += popcount(words[at]!);
  return sum;
}

/** Set bits of a 32-bit word. */
export function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Cells of a whole cylinder. */
export const CELL_COUNT = CELLS.length;
