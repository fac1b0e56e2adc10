import { type Kernels, TILE_HEIGHT, TILE_WIDTH } from '../kernels/kernels.js';
import { boxBlur, type Extent } from './box-blur.js';
import type { Plane } from './plane.js';
import { TURN, turnOf } from './turns.js';

/** Side of a cell of the orientation field, px at 500 dpi. */
export const CELL_PX = 8;
/** Orientations that filters are tabulated for; the step is 2.8°. */
export const ORIENTATIONS = 64;

/**
 * Ridge orientation per cell, as the doubled-angle vector: cos 2θ and sin 2θ with θ counter-clockwise from the
 * x axis (y up). Its length is the coherence, 0..1.
 */
export interface OrientationField extends Extent {
  cos: Float32Array;
  sin: Float32Array;
}

/** Sums the squared gradient (structure tensor) in every cell; `smoothed` is what {@link smoothField} makes of it. */
export function gradientField(
  kernels: Kernels,
  plane: Plane,
  cellPx: number,
): OrientationField & { energy: Float32Array } {
  const width = Math.ceil(plane.width / cellPx);
  const height = Math.ceil(plane.height / cellPx);
  const field = {
    width,
    height,
    cos: new Float32Array(width * height),
    sin: new Float32Array(width * height),
    energy: new Float32Array(width * height),
  };
  const padded = Math.ceil(plane.width / TILE_WIDTH) * TILE_WIDTH;
  const sums = {
    cos: kernels.floats(padded),
    sin: kernels.floats(padded),
    energy: kernels.floats(padded),
  };
  for (let row = 0; row < height; row += 1) {
    const top = Math.ceil(row * cellPx);
    const rows = Math.min(plane.height, Math.ceil((row + 1) * cellPx)) - top;
    const { stride } = plane;
    for (const part of [sums.cos, sums.sin, sums.energy]) part.fill(0);
    kernels.addGradients(plane.data, { at: plane.origin + top * stride, stride, width: padded, rows }, sums);
    for (let x = 0; x < plane.width; x += 1) {
      const cell = row * width + Math.floor(x / cellPx);
      field.cos[cell]! += sums.cos[x]!;
      field.sin[cell]! += sums.sin[x]!;
      field.energy[cell]! += sums.energy[x]!;
    }
  }
  return field;
}

/** Averages the tensor over neighboring cells and makes its length the coherence. */
export function smoothField(
  field: OrientationField & { energy: Float32Array },
  passes: readonly number[],
): OrientationField {
  for (const radius of passes) {
    boxBlur(field.cos, field, radius);
    boxBlur(field.sin, field, radius);
    boxBlur(field.energy, field, radius);
  }
  for (let at = 0; at < field.cos.length; at += 1) {
    const energy = field.energy[at]! + 1e-9;
    field.cos[at]! /= energy;
    field.sin[at]! /= energy;
  }
  return field;
}

/** Orientation index 0..ORIENTATIONS-1 of every tile of a picture. */
export interface TileOrientations extends Extent {
  indices: Uint8Array;
}

/** Interpolated between cell centers, at the middle of each tile. */
export function tileOrientations(field: OrientationField, extent: Extent, cellPx: number): TileOrientations {
  const width = Math.ceil(extent.width / TILE_WIDTH);
  const height = Math.ceil(extent.height / TILE_HEIGHT);
  const indices = new Uint8Array(width * height);
  const columns = shares(width, { step: TILE_WIDTH / cellPx, cells: field.width });
  const rows = shares(height, { step: TILE_HEIGHT / cellPx, cells: field.height });
  for (let y = 0; y < height; y += 1) {
    const upper = rows.low[y]! * field.width;
    const lower = rows.high[y]! * field.width;
    const down = rows.part[y]!;
    for (let x = 0; x < width; x += 1) {
      const left = columns.low[x]!;
      const right = columns.high[x]!;
      const along = columns.part[x]!;
      const upperLeft = (1 - along) * (1 - down);
      const upperRight = along * (1 - down);
      const lowerLeft = (1 - along) * down;
      const lowerRight = along * down;
      const cos =
        upperLeft * field.cos[upper + left]! +
        upperRight * field.cos[upper + right]! +
        lowerLeft * field.cos[lower + left]! +
        lowerRight * field.cos[lower + right]!;
      const sin =
        upperLeft * field.sin[upper + left]! +
        upperRight * field.sin[upper + right]! +
        lowerLeft * field.sin[lower + left]! +
        lowerRight * field.sin[lower + right]!;
      indices[y * width + x] = ((turnOf(cos, sin) + HALF_STEP) >> STEP_BITS) & (ORIENTATIONS - 1);
    }
  }
  return { width, height, indices };
}

const STEP_BITS = Math.log2(TURN / ORIENTATIONS);
const HALF_STEP = 1 << (STEP_BITS - 1);

/** For the middle of every tile of a row or column: the two cells between whose centers it lies, and how far. */
function shares(count: number, { step, cells }: { step: number; cells: number }) {
  const places = Float64Array.from({ length: count }, (_, at) => (at + 0.5) * step - 0.5);
  const within = (cell: number): number => Math.min(cells - 1, Math.max(0, cell));
  return {
    low: Int32Array.from(places, (place) => within(Math.floor(place))),
    high: Int32Array.from(places, (place) => within(Math.floor(place) + 1)),
    part: places.map((place) => place - Math.floor(place)),
  };
}
