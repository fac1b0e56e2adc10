/** Rows and columns of an array without margin. */
export interface Extent {
  width: number;
  height: number;
}

/**
 * Mean over (2r+1)² values, at the border over those that exist; in place. Twice in a row it is close to a
 * Gaussian. The cost does not depend on the radius.
 */
export function boxBlur(data: Float32Array, extent: Extent, radius: number): void {
  const { width, height } = extent;
  const line = new Float64Array(Math.max(width, height) + 1);
  for (let y = 0; y < height; y += 1)
    blurLine(data, { start: y * width, step: 1, count: width }, radius, line);
  for (let x = 0; x < width; x += 1) blurLine(data, { start: x, step: width, count: height }, radius, line);
}

interface Line {
  start: number;
  step: number;
  count: number;
}

function blurLine(
  data: Float32Array,
  { start, step, count }: Line,
  radius: number,
  sums: Float64Array,
): void {
  sums[0] = 0;
  for (let at = 0; at < count; at += 1) sums[at + 1] = sums[at]! + data[start + at * step]!;
  for (let at = 0; at < count; at += 1) {
    const from = at - radius < 0 ? 0 : at - radius;
    const to = at + radius + 1 > count ? count : at + radius + 1;
    data[start + at * step] = (sums[to]! - sums[from]!) / (to - from);
  }
}
