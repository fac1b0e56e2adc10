import { isInside, type Mask } from './mask.js';
import { CELL_PX, type OrientationField } from './orientation.js';

/** Side of a cell of the stored grid, px: coarse enough for a small record, fine enough for loops and deltas. */
export const GRID_PX = 16;
/** Orientations that a cell can hold; 0 says "no finger here". */
export const GRID_STEPS = 255;

/** What of the ridge flow is kept in a template: a byte per cell, 0 outside the finger, else 1 + step of 180/255°. */
export interface OrientationGrid {
  width: number;
  height: number;
  cells: Uint8Array;
}

export const EMPTY_GRID: OrientationGrid = { width: 0, height: 0, cells: new Uint8Array(0) };

export function toGrid(field: OrientationField, mask: Mask): OrientationGrid {
  const ratio = GRID_PX / CELL_PX;
  const width = Math.ceil(field.width / ratio);
  const height = Math.ceil(field.height / ratio);
  const cells = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (!isInside(mask, (column + 0.5) * GRID_PX, (row + 0.5) * GRID_PX)) continue;
      let cos = 0;
      let sin = 0;
      for (let y = row * ratio; y < Math.min(field.height, (row + 1) * ratio); y += 1) {
        for (let x = column * ratio; x < Math.min(field.width, (column + 1) * ratio); x += 1) {
          cos += field.cos[y * field.width + x]!;
          sin += field.sin[y * field.width + x]!;
        }
      }
      const turn = Math.atan2(sin, cos) / (2 * Math.PI);
      cells[row * width + column] = 1 + (Math.round((turn < 0 ? turn + 1 : turn) * GRID_STEPS) % GRID_STEPS);
    }
  }
  return { width, height, cells };
}

/** Orientation at a place in radians 0..π, or undefined outside the finger. */
export function orientationAt(grid: OrientationGrid, x: number, y: number): number | undefined {
  const column = Math.floor(x / GRID_PX);
  const row = Math.floor(y / GRID_PX);
  if (column < 0 || row < 0 || column >= grid.width || row >= grid.height) return undefined;
  const cell = grid.cells[row * grid.width + column]!;
  return cell === 0 ? undefined : ((cell - 1) * Math.PI) / GRID_STEPS;
}
