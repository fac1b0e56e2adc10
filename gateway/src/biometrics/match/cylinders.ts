import { type Minutia, toRadians } from '../extract/minutiae.js';
import { convexHull, type HullEdges, hullEdges, isNearHull } from './hull.js';

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
export const CELLS: readonly CellCenter[] = cellCenters();
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
  /** Which minutia each belongs to. */
  minutia: Uint8Array;
  x: Float32Array;
  y: Float32Array;
  /** Radians. */
  angle: Float32Array;
}

interface CellCenter {
  row: number;
  column: number;
  u: number;
  v: number;
}

function cellCenters(): CellCenter[] {
  const step = (2 * RADIUS_PX) / GRID;
  const cells: CellCenter[] = [];
  for (let row = 0; row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      const u = (row - (GRID - 1) / 2) * step;
      const v = (column - (GRID - 1) / 2) * step;
      if (u * u + v * v <= RADIUS_PX * RADIUS_PX) cells.push({ row, column, u, v });
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
  const edges = hullEdges(convexHull(minutiae));
  const sums = new Float32Array(CELLS.length * SLICES);
  const bits = new Int32Array(minutiae.length * CYLINDER_WORDS);
  const known = new Int32Array(minutiae.length * CELL_WORDS);
  const kept = new Uint8Array(minutiae.length);
  let count = 0;
  for (let at = 0; at < minutiae.length; at += 1) {
    const center = minutiae[at]!;
    const valid = known.subarray(count * CELL_WORDS, (count + 1) * CELL_WORDS);
    if (!markKnown(center, edges, valid) || !accumulate(center, minutiae, sums)) continue;
    pack(sums, valid, bits.subarray(count * CYLINDER_WORDS, (count + 1) * CYLINDER_WORDS));
    kept[count] = at;
    count += 1;
  }
  const minutia = kept.slice(0, count);
  return {
    count,
    bits: bits.slice(0, count * CYLINDER_WORDS),
    known: known.slice(0, count * CELL_WORDS),
    minutia,
    x: Float32Array.from(minutia, (at) => minutiae[at]!.x),
    y: Float32Array.from(minutia, (at) => minutiae[at]!.y),
    angle: Float32Array.from(minutia, (at) => toRadians(minutiae[at]!.angle)),
  };
}

/** Cells this near to the minutia are near the hull: the minutia lies in it. A little less than HULL_REACH_PX. */
const SURELY_KNOWN = CELLS.map(({ u, v }) => u * u + v * v < (HULL_REACH_PX - 0.1) ** 2);

/** Marks the cells that are known; false when they are too few. */
function markKnown(center: Minutia, edges: HullEdges, words: Int32Array): boolean {
  const cos = Math.cos(toRadians(center.angle));
  const sin = Math.sin(toRadians(center.angle));
  words.fill(0);
  let count = 0;
  for (let at = 0; at < CELLS.length; at += 1) {
    const { u, v } = CELLS[at]!;
    const x = center.x + cos * u + sin * v;
    const y = center.y - sin * u + cos * v;
    if (!SURELY_KNOWN[at] && !isNearHull(edges, x, y, HULL_REACH_PX)) continue;
    words[at >> 5]! |= 1 << (at & 31);
    count += 1;
  }
  return count >= VALID_SHARE * CELLS.length;
}

/** Adds every neighbor to the cells around it; false when there are too few. */
function accumulate(center: Minutia, minutiae: readonly Minutia[], sums: Float32Array): boolean {
  sums.fill(0);
  const cos = Math.cos(toRadians(center.angle));
  const sin = Math.sin(toRadians(center.angle));
  const reach = RADIUS_PX + 3 * SIGMA_PX;
  let neighbors = 0;
  for (let at = 0; at < minutiae.length; at += 1) {
    const other = minutiae[at]!;
    const dx = other.x - center.x;
    const dy = other.y - center.y;
    if (other === center || dx * dx + dy * dy > reach * reach) continue;
    neighbors += 1;
    const u = cos * dx - sin * dy;
    const v = sin * dx + cos * dy;
    const shares = ((center.angle - other.angle) & 255) * SLICES;
    for (let cell = 0; cell < CELL_U.length; cell += 1) {
      const du = u - CELL_U[cell]!;
      const dv = v - CELL_V[cell]!;
      const squared = du * du + dv * dv;
      if (squared > NEAR_SQUARED) continue;
      const near = NEARNESS[Math.round(squared)]!;
      for (let slice = 0; slice < SLICES; slice += 1) {
        sums[cell * SLICES + slice]! += near * SLICE_SHARES[shares + slice]!;
      }
    }
  }
  return neighbors >= NEIGHBORS_MIN;
}

function pack(sums: Float32Array, known: Int32Array, words: Int32Array): void {
  words.fill(0);
  for (let cell = 0; cell < CELLS.length; cell += 1) {
    if (((known[cell >> 5]! >> (cell & 31)) & 1) === 0) continue;
    for (let slice = 0; slice < SLICES; slice += 1) {
      if (sums[cell * SLICES + slice]! >= BIT_LIMIT) {
        words[slice * CELL_WORDS + (cell >> 5)]! |= 1 << (cell & 31);
      }
    }
  }
}

/** Set bits of a 32-bit word. */
export function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Cells of a whole cylinder. */
export const CELL_COUNT = CELLS.length;
