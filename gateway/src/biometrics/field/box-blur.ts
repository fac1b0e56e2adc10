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
  const above = new Float32Array(data);
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y += 1) addRow(sums, above, y * width, 1);
  for (let y = 0; y < height; y += 1) {
    if (y + radius < height) addRow(sums, above, (y + radius) * width, 1);
    if (y > radius) addRow(sums, above, (y - radius - 1) * width, -1);
    const rows = Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1;
    blurRow(data.subarray(y * width, (y + 1) * width), sums, radius, rows);
  }
}

function addRow(sums: Float64Array, data: Float32Array, start: number, sign: number): void {
  for (let x = 0; x < sums.length; x += 1) sums[x]! += sign * data[start + x]!;
}

/** One row of means from the sums of its columns. */
function blurRow(out: Float32Array, sums: Float64Array, radius: number, rows: number): void {
  const width = out.length;
  let sum = 0;
  for (let x = 0; x < Math.min(radius, width); x += 1) sum += sums[x]!;
  for (let x = 0; x < width; x += 1) {
    if (x + radius < width) sum += sums[x + radius]!;
    if (x > radius) sum -= sums[x - radius - 1]!;
    const columns = Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1;
    out[x] = sum / (rows * columns);
  }
}
