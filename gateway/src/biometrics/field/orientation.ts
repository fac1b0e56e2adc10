import { type Extent, boxBlur } from './box-blur.js';
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
export function smoothField(field: OrientationField & { energy: Float32Array }, passes: readonly number[]): OrientationField {
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
  const scale = ORIENTATIONS / (2 * Math.PI);
  for (let y = 0; y < extent.height; y += 1) {
    const cellY = (y + 0.5) / cellPx - 0.5;
    const top = Math.min(field.height - 1, Math.max(0, Math.floor(cellY)));
    const low = Math.min(field.height - 1, Math.floor(cellY) + 1);
    const down = cellY - Math.floor(cellY);
    for (let x = 0; x < extent.width; x += 1) {
      const cellX = (x + 0.5) / cellPx - 0.5;
      const floor = Math.floor(cellX);
      const left = floor < 0 ? 0 : floor;
      const right = floor + 1 < field.width ? floor + 1 : field.width - 1;
      const along = cellX - floor;
      const a = top * field.width + left;
      const b = top * field.width + right;
      const c = low * field.width + left;
      const d = low * field.width + right;
      const cos = mix(field.cos, { a, b, c, d }, along, down);
      const sin = mix(field.sin, { a, b, c, d }, along, down);
      const index = Math.round(Math.atan2(sin, cos) * scale);
      out[y * extent.width + x] = index < 0 ? index + ORIENTATIONS : index % ORIENTATIONS;
    }
  }
  return out;
}

interface Corners {
  a: number;
  b: number;
  c: number;
  d: number;
}

function mix(data: Float32Array, { a, b, c, d }: Corners, along: number, down: number): number {
  const upper = data[a]! * (1 - along) + data[b]! * along;
  const lower = data[c]! * (1 - along) + data[d]! * along;
  return upper * (1 - down) + lower * down;
}
