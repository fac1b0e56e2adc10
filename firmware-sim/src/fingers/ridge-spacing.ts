import type { OrientationField } from './orientation-field.js';

/** Side of a cell of the grid on which spacing is worked out, in millimeters: about a ridge. */
const CELL_MM = 0.5;
/** What a spacing unlike the mean costs, in 1/mm²: beyond six millimeters it returns to it. */
const RETURN = 0.03;
/** What unevenness costs beside what is gained by following. */
const STIFFNESS = 0.1;
/** Nowhere does the spacing leave the mean by much more than this (natural logarithm). */
const STRETCH_MAX = 0.3;
/** Turning of the ridges, in radians per millimeter, from which a place is too close to a singularity to count. */
const TURN_FULL = 0.5;
const STEPS_MAX = 200;
const RESIDUAL_MIN = 1e-9;

interface Grid {
  columns: number;
  rows: number;
}

/** In every cell: the way along the ridges, by how much they spread along it (1/mm), and how much the place counts. */
interface Spreading extends Grid {
  alongX: Float64Array;
  alongY: Float64Array;
  rate: Float64Array;
  weight: Float64Array;
}

/**
 * How much wider than usual ridges lie, as a natural logarithm, at a point in millimeters from the middle.
 *
 * Where ridges that lie equally far apart everywhere run away from each other, others have to begin between them: the
 * flow alone says where, and two fingers of one class would have the same minutiae. Real ridges lie wider there
 * instead. For that the logarithm of the spacing has to grow along the ridges as they spread (both make the curl of the
 * wave vector vanish); it is done as far as smoothness and a mean allow, by least squares.
 */
export function followSpreading(
  flow: OrientationField,
  { halfWidthMm, halfHeightMm }: { halfWidthMm: number; halfHeightMm: number },
): (x: number, y: number) => number {
  const columns = Math.round((2 * halfWidthMm) / CELL_MM) + 1;
  const rows = Math.round((2 * halfHeightMm) / CELL_MM) + 1;
  const direction = Float64Array.from({ length: columns * rows }, (_, at) =>
    flow({ x: (at % columns) * CELL_MM - halfWidthMm, y: Math.floor(at / columns) * CELL_MM - halfHeightMm }),
  );
  const spacing = solve(spreadingOf(direction, { columns, rows }));
  const mean = spacing.reduce((sum, value) => sum + value, 0) / spacing.length;
  const bounded = spacing.map((value) => STRETCH_MAX * Math.tanh((value - mean) / STRETCH_MAX));
  return (x, y) =>
    between(bounded, { columns, rows }, [(x + halfWidthMm) / CELL_MM, (y + halfHeightMm) / CELL_MM]);
}

function spreadingOf(direction: Float64Array, { columns, rows }: Grid): Spreading {
  const empty = (): Float64Array => new Float64Array(direction.length);
  const spreading = { columns, rows, alongX: empty(), alongY: empty(), rate: empty(), weight: empty() };
  for (let row = 1; row < rows - 1; row++) {
    for (let column = 1; column < columns - 1; column++) {
      const at = row * columns + column;
      const turnX = turnOver(direction, at, 1);
      const turnY = turnOver(direction, at, columns);
      const [cos, sin] = [Math.cos(value(direction, at)), Math.sin(value(direction, at))];
      spreading.alongX[at] = cos;
      spreading.alongY[at] = sin;
      spreading.rate[at] = cos * turnY - sin * turnX;
      spreading.weight[at] = 1 / (1 + (turnX * turnX + turnY * turnY) / (TURN_FULL * TURN_FULL));
    }
  }
  return spreading;
}

/** Radians per millimeter from the neighbor before to the one after; half turns are none. */
function turnOver(direction: Float64Array, at: number, stride: number): number {
  const turn = (from: number): number => {
    const angle = value(direction, from + stride) - value(direction, from);
    return angle - Math.PI * Math.round(angle / Math.PI);
  };
  return (turn(at - stride) + turn(at)) / (2 * CELL_MM);
}

/** Conjugate gradients on the normal equations. */
function solve(spreading: Spreading): Float64Array {
  const residual = wanted(spreading);
  const solution = new Float64Array(residual.length);
  const way = residual.slice();
  let left = dot(residual, residual);
  for (let step = 0; step < STEPS_MAX && left > RESIDUAL_MIN; step++) {
    const effect = normal(spreading, way);
    const size = left / dot(way, effect);
    for (let at = 0; at < way.length; at++) {
      solution[at] = value(solution, at) + size * value(way, at);
      residual[at] = value(residual, at) - size * value(effect, at);
    }
    const before = left;
    left = dot(residual, residual);
    for (let at = 0; at < way.length; at++) way[at] = value(residual, at) + (left / before) * value(way, at);
  }
  return solution;
}

/** The right side: what the spreading asks of each cell. */
function wanted(spreading: Spreading): Float64Array {
  const sum = new Float64Array(spreading.rate.length);
  eachInner(spreading, (at) => pull(sum, spreading, at, value(spreading.rate, at)));
  return sum;
}

/** The left side, applied to a spacing. */
function normal(spreading: Spreading, spacing: Float64Array): Float64Array {
  const { columns, rows, alongX, alongY } = spreading;
  const sum = spacing.map((one) => RETURN * one);
  eachInner(spreading, (at) => {
    const acrossColumns = value(spacing, at + 1) - value(spacing, at - 1);
    const acrossRows = value(spacing, at + columns) - value(spacing, at - columns);
    const growth = (value(alongX, at) * acrossColumns + value(alongY, at) * acrossRows) / (2 * CELL_MM);
    pull(sum, spreading, at, growth);
  });
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (column + 1 < columns) level(sum, spacing, at, at + 1);
      if (row + 1 < rows) level(sum, spacing, at, at + columns);
    }
  }
  return sum;
}

function eachInner({ columns, rows }: Grid, visit: (at: number) => void): void {
  for (let row = 1; row < rows - 1; row++) {
    for (let column = 1; column < columns - 1; column++) visit(row * columns + column);
  }
}

/** Spreads what is missing in a cell over the four neighbors that its growth along the ridges is measured by. */
function pull(sum: Float64Array, spreading: Spreading, at: number, amount: number): void {
  const share = (value(spreading.weight, at) * amount) / (2 * CELL_MM);
  const [x, y] = [share * value(spreading.alongX, at), share * value(spreading.alongY, at)];
  const { columns } = spreading;
  sum[at + 1] = value(sum, at + 1) + x;
  sum[at - 1] = value(sum, at - 1) - x;
  sum[at + columns] = value(sum, at + columns) + y;
  sum[at - columns] = value(sum, at - columns) - y;
}

function level(sum: Float64Array, spacing: Float64Array, one: number, other: number): void {
  const difference = ((value(spacing, other) - value(spacing, one)) * STIFFNESS) / (CELL_MM * CELL_MM);
  sum[other] = value(sum, other) + difference;
  sum[one] = value(sum, one) - difference;
}

/** Between the four nearest cells; outside of the grid as at its edge. */
function between(values: Float64Array, { columns, rows }: Grid, place: readonly [number, number]): number {
  const x = Math.min(columns - 1.001, Math.max(0, place[0]));
  const y = Math.min(rows - 1.001, Math.max(0, place[1]));
  const at = Math.floor(y) * columns + Math.floor(x);
  const [right, up] = [x - Math.floor(x), y - Math.floor(y)];
  const low = (1 - right) * value(values, at) + right * value(values, at + 1);
  const high = (1 - right) * value(values, at + columns) + right * value(values, at + columns + 1);
  return (1 - up) * low + up * high;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, one, at) => sum + one * value(b, at), 0);
}

const value = (plane: Float64Array, at: number): number => plane[at] ?? 0;
