import { boxBlur, type Extent } from './box-blur.js';
import { CELL_PX } from './orientation.js';

/** Share of the strongest contrast below which a cell is no finger (fingerprint §7.1.2: 0.34 of the best half). */
const RELATIVE_CONTRAST = 0.3;
const ABSOLUTE_CONTRAST = 5;
/** The contrast of a good cell: this quantile of all. */
const GOOD_QUANTILE = 0.8;
/** Cells around a cell that vote about it. */
const VOTE_RADIUS = 2;
/** Regions smaller than this many cells are dirt on the glass. */
const REGION_MIN_CELLS = 60;
/** Holes smaller than this many cells are creases and scars, which the filters close. */
const HOLE_MIN_CELLS = 12;

/** Which cells of CELL_PX show the finger; 1 inside. */
export interface Mask extends Extent {
  cells: Uint8Array;
}

/** From the local standard deviation of the image; holes closed, islands of dirt dropped. */
export function segment(deviation: Float32Array, extent: Extent): Mask {
  const width = Math.ceil(extent.width / CELL_PX);
  const height = Math.ceil(extent.height / CELL_PX);
  const contrast = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const y = Math.min(extent.height - 1, row * CELL_PX + CELL_PX / 2);
      const x = Math.min(extent.width - 1, column * CELL_PX + CELL_PX / 2);
      contrast[row * width + column] = deviation[y * extent.width + x]!;
    }
  }
  const sorted = Float32Array.from(contrast).sort();
  const good = sorted[Math.floor(GOOD_QUANTILE * (sorted.length - 1))]!;
  const limit = Math.max(ABSOLUTE_CONTRAST, RELATIVE_CONTRAST * good);
  const cells = Uint8Array.from(contrast, (value) => (value >= limit ? 1 : 0));
  const mask = { width, height, cells };
  vote(mask);
  vote(mask);
  dropSmallRegions(mask, 1, REGION_MIN_CELLS);
  dropSmallRegions(mask, 0, REGION_MIN_CELLS);
  return mask;
}

/** Share of the median ridge strength below which a cell shows something, but no ridges. */
const RELATIVE_STRENGTH = 0.2;

/** The mask without the rim of the finger, where contrast is but no ridges are, and without smudges. */
export function withoutWeakCells(mask: Mask, strength: Float32Array): Mask {
  const sorted = strength.filter((_, cell) => mask.cells[cell] === 1).sort();
  const limit = RELATIVE_STRENGTH * (sorted[sorted.length >> 1] ?? 0);
  const cells = Uint8Array.from(mask.cells, (cell, at) => (strength[at]! < limit ? 0 : cell));
  const refined = { width: mask.width, height: mask.height, cells };
  dropSmallRegions(refined, 1, REGION_MIN_CELLS);
  dropSmallRegions(refined, 0, HOLE_MIN_CELLS);
  return refined;
}

function vote(mask: Mask): void {
  const share = Float32Array.from(mask.cells);
  boxBlur(share, mask, VOTE_RADIUS);
  for (let at = 0; at < share.length; at += 1) mask.cells[at] = share[at]! > 0.5 ? 1 : 0;
}

/** Flips connected regions of `value` that are smaller than the limit. */
function dropSmallRegions(mask: Mask, value: 0 | 1, limit: number): void {
  const seen = new Uint8Array(mask.cells.length);
  for (let start = 0; start < seen.length; start += 1) {
    if (seen[start] === 1 || mask.cells[start] !== value) continue;
    const region = [start];
    seen[start] = 1;
    for (let next = 0; next < region.length; next += 1) {
      for (const neighbor of neighbors(region[next]!, mask)) {
        if (seen[neighbor] === 1 || mask.cells[neighbor] !== value) continue;
        seen[neighbor] = 1;
        region.push(neighbor);
      }
    }
    if (region.length < limit) for (const at of region) mask.cells[at] = 1 - value;
  }
}

function neighbors(at: number, { width, height }: Extent): number[] {
  const x = at % width;
  const found: number[] = [];
  if (x > 0) found.push(at - 1);
  if (x < width - 1) found.push(at + 1);
  if (at >= width) found.push(at - width);
  if (at < width * (height - 1)) found.push(at + width);
  return found;
}

export function isInside(mask: Mask, x: number, y: number): boolean {
  const column = Math.floor(x / CELL_PX);
  const row = Math.floor(y / CELL_PX);
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return false;
  return mask.cells[row * mask.width + column] === 1;
}

export function cellCount(mask: Mask): number {
  let count = 0;
  for (const cell of mask.cells) count += cell;
  return count;
}
