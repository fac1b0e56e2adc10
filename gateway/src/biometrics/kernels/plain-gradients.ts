import type { Kernels } from './kernels.js';

const round = Math.fround;

export const addGradients: Kernels['addGradients'] = (from, { at, stride, width, rows }, sums) => {
  const { cos, sin, energy } = sums;
  for (let row = 0; row < rows; row += 1) {
    for (let x = 0; x < width; x += 1) {
      const here = at + row * stride + x;
      const above = here - stride;
      const below = here + stride;
      const sides = round(from[here + 1]! - from[here - 1]!);
      const upper = round(from[above + 1]! - from[above - 1]!);
      const lower = round(from[below + 1]! - from[below - 1]!);
      const gx = round(round(round(sides + sides) + upper) + lower);
      const middle = round(from[below]! - from[above]!);
      const left = round(from[below - 1]! - from[above - 1]!);
      const right = round(from[below + 1]! - from[above + 1]!);
      const gy = round(round(round(middle + middle) + left) + right);
      const xx = round(gx * gx);
      const yy = round(gy * gy);
      const xy = round(gx * gy);
      // The ridge runs across the gradient, and y points down: both turn the doubled angle.
      cos[x] = cos[x]! + round(yy - xx);
      sin[x] = sin[x]! + round(xy + xy);
      energy[x] = energy[x]! + round(xx + yy);
    }
  }
};
