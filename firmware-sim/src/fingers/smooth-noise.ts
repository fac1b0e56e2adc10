import type { Random } from '../random.js';

/**
 * Values that change slowly over the plane: a coarse grid of random numbers, joined smoothly.
 *
 * @param cells grid cells across the area, in either direction
 * @returns a function of coordinates from 0 to 1, with values from -1 to 1
 */
export function smoothNoise(random: Random, cells: number): (u: number, v: number) => number {
  const side = cells + 2;
  const grid = Float32Array.from({ length: side * side }, () => random.next() * 2 - 1);
  return (u, v) => {
    const [x, y] = [clamp(u) * cells, clamp(v) * cells];
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [ease(x - column), ease(y - row)];
    const at = row * side + column;
    const top = mix(grid[at] ?? 0, grid[at + 1] ?? 0, fx);
    const bottom = mix(grid[at + side] ?? 0, grid[at + side + 1] ?? 0, fx);
    return mix(top, bottom, fy);
  };
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const mix = (from: number, to: number, share: number): number => from + (to - from) * share;
const ease = (share: number): number => share * share * (3 - 2 * share);
