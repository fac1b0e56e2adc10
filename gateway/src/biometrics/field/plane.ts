import type { Kernels } from '../kernels/kernels.js';

/** Pixels around a plane that filters and blocks may read and write without asking. */
export const MARGIN_PX = 32;

/** A plane of numbers with a margin on all sides. The value of (x, y) is at `origin + y * stride + x`. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly origin: number;
  readonly data: Float32Array;
}

export function newPlane(kernels: Kernels, width: number, height: number): Plane {
  const stride = strideOf(width);
  const data = kernels.floats(stride * (height + 2 * MARGIN_PX));
  return { width, height, stride, origin: MARGIN_PX * stride + MARGIN_PX, data };
}

/** Values from a row to the next. */
export function strideOf(width: number): number {
  return width + 2 * MARGIN_PX;
}

/** Fills the margin by mirroring, so that ridges go on behind the edge instead of ending there. */
export function mirrorMargin(plane: Plane): void {
  const { width, height, stride, origin, data } = plane;
  for (let y = 0; y < height; y += 1) {
    const row = origin + y * stride;
    for (let off = 1; off <= MARGIN_PX; off += 1) {
      data[row - off] = data[row + Math.min(off, width - 1)]!;
      data[row + width - 1 + off] = data[row + Math.max(0, width - 1 - off)]!;
    }
  }
  for (let off = 1; off <= MARGIN_PX; off += 1) {
    const above = origin - off * stride - MARGIN_PX;
    const below = origin + (height - 1 + off) * stride - MARGIN_PX;
    const top = origin + Math.min(off, height - 1) * stride - MARGIN_PX;
    const bottom = origin + Math.max(0, height - 1 - off) * stride - MARGIN_PX;
    data.copyWithin(above, top, top + stride);
    data.copyWithin(below, bottom, bottom + stride);
  }
}
