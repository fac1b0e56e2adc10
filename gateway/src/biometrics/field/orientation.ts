import { boxBlur, type Extent } from './box-blur.js';
import type { Plane } from './plane.js';

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
export function gradientField(plane: Plane, cellPx: number): OrientationField & { energy: Float32Array } {
  const width = Math.ceil(plane.width / cellPx);
  const height = Math.ceil(plane.height / cellPx);
  const cos = new Float32Array(width * height);
  const sin = new Float32Array(width * height);
  const energy = new Float32Array(width * height);
  const { data, stride, origin } = plane;
  for (let y = 0; y < plane.height; y += 1) {
    const cellRow = Math.floor(y / cellPx) * width;
    for (let x = 0; x < plane.width; x += 1) {
      const at = origin + y * stride + x;
      const upper = data[at - stride + 1]! - data[at - stride - 1]!;
      const lower = data[at + stride + 1]! - data[at + stride - 1]!;
      const gx = 2 * (data[at + 1]! - data[at - 1]!) + upper + lower;
      const left = data[at + stride - 1]! - data[at - stride - 1]!;
      const right = data[at + stride + 1]! - data[at - stride + 1]!;
      const gy = 2 * (data[at + stride]! - data[at - stride]!) + left + right;
      const cell = cellRow + Math.floor(x / cellPx);
      // The ridge runs across the gradient, and y points down: both turn the doubled angle.
      cos[cell]! += gy * gy - gx * gx;
      sin[cell]! += 2 * gx * gy;
      energy[cell]! += gx * gx + gy * gy;
    }
  }
  return { width, height, cos, sin, energy };
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

/** Orientation index 0..ORIENTATIONS-1 of every pixel (without margin), interpolated between cell centers. */
export function orientationIndices(field: OrientationField, extent: Extent, cellPx: number): Uint8Array {
  const out = new Uint8Array(extent.width * extent.height);
  const row = { cos: new Float32Array(field.width), sin: new Float32Array(field.width) };
  const columns = Array.from({ length: extent.width }, (_, x) => share(x, cellPx, field.width));
  const left = Uint16Array.from(columns, (column) => column.low);
  const right = Uint16Array.from(columns, (column) => column.high);
  const along = Float32Array.from(columns, (column) => column.part);
  for (let y = 0; y < extent.height; y += 1) {
    const { low, high, part } = share(y, cellPx, field.height);
    for (let cell = 0; cell < field.width; cell += 1) {
      const above = low * field.width + cell;
      const below = high * field.width + cell;
      row.cos[cell] = field.cos[above]! * (1 - part) + field.cos[below]! * part;
      row.sin[cell] = field.sin[above]! * (1 - part) + field.sin[below]! * part;
    }
    for (let x = 0; x < extent.width; x += 1) {
      const a = left[x]!;
      const b = right[x]!;
      const weight = along[x]!;
      const cos = row.cos[a]! * (1 - weight) + row.cos[b]! * weight;
      const sin = row.sin[a]! * (1 - weight) + row.sin[b]! * weight;
      const index = Math.round(Math.atan2(sin, cos) * STEPS_PER_RADIAN);
      out[y * extent.width + x] = index & (ORIENTATIONS - 1);
    }
  }
  return out;
}

const STEPS_PER_RADIAN = ORIENTATIONS / (2 * Math.PI);

/** The two cells between whose centers a pixel lies, and the part of the second. */
function share(at: number, cellPx: number, cells: number): { low: number; high: number; part: number } {
  const place = (at + 0.5) / cellPx - 0.5;
  const floor = Math.floor(place);
  return {
    low: Math.min(cells - 1, Math.max(0, floor)),
    high: Math.min(cells - 1, Math.max(0, floor + 1)),
    part: place - floor,
  };
}
