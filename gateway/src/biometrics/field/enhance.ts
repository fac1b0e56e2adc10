import { type BoundLines, type Kernels, TILE_HEIGHT, TILE_WIDTH, type Tiles } from '../kernels/kernels.js';
import { boxBlur } from './box-blur.js';
import { bindLines, gaussian, type LineFilter, lineFilter } from './line-filter.js';
import type { Mask } from './mask.js';
import { ORIENTATIONS, type TileOrientations } from './orientation.js';
import { mirrorMargin, newPlane, type Plane } from './plane.js';

/** Shapes of the filters of one front end, px at its resolution. */
export interface EnhancerShape {
  /** Standard deviation along the ridge. */
  alongSigma: number;
  /** Ridge periods that filters are tabulated for. */
  periods: readonly number[];
  /** Standard deviation across the ridge, in periods. */
  acrossSigma: number;
}

/** Two line filters in a row: smoothing along the ridge, then a band-pass across it. Cheap, and it follows curves. */
export interface Enhancer {
  along: LineFilter;
  across: readonly LineFilter[];
  shape: EnhancerShape;
}

const REACH_IN_SIGMAS = 2.2;

export function newEnhancer(shape: EnhancerShape): Enhancer {
  const along = lineFilter({
    isAcross: false,
    reach: shape.alongSigma * REACH_IN_SIGMAS,
    even: gaussian(shape.alongSigma),
  });
  const across = shape.periods.map((period) => {
    const envelope = gaussian(shape.acrossSigma * period);
    const wave = (2 * Math.PI) / period;
    return lineFilter({
      isAcross: true,
      reach: shape.acrossSigma * period * REACH_IN_SIGMAS,
      even: (distance) => envelope(distance) * Math.cos(wave * distance),
      odd: (distance) => envelope(distance) * Math.sin(wave * distance),
    });
  });
  return { along, across, shape };
}

/** Which pixels are worth filtering, and how. */
export interface FilterMaps {
  mask: Mask;
  /** Pixels per mask cell at this resolution. */
  cellPx: number;
  orientation: TileOrientations;
}

/** An enhancer's filters in kernel memory, for planes of one row length. */
export interface BoundEnhancer {
  kernels: Kernels;
  along: BoundLines;
  across: BoundLines;
  periods: number;
}

export function bindEnhancer(kernels: Kernels, enhancer: Enhancer, stride: number): BoundEnhancer {
  return {
    kernels,
    along: bindLines(kernels, [enhancer.along], stride),
    across: bindLines(kernels, enhancer.across, stride),
    periods: enhancer.across.length,
  };
}

/** How far outside the mask the smoothed plane is still read, px: the longest filter across the ridge. */
const AROUND_PX = 12;

/** Smoothed along the local orientation, in the mask and as far round it as the next filter reaches. */
export function smoothAlong({ kernels, along }: BoundEnhancer, plane: Plane, maps: FilterMaps): Plane {
  const out = newPlane(kernels, plane.width, plane.height);
  const cells = dilated(maps.mask, Math.ceil(AROUND_PX / maps.cellPx));
  const tiles = tilesOf(kernels, plane, { ...maps, cells });
  kernels.filterEven(along, tiles, plane.stride, { from: plane.data, even: out.data });
  mirrorMargin(out);
  return out;
}

/** The even response of the band-pass; 0 outside the mask. */
export function acrossEven(
  { kernels, across }: BoundEnhancer,
  smoothed: Plane,
  maps: FilterMaps & { period: Uint8Array },
): Plane {
  const out = newPlane(kernels, smoothed.width, smoothed.height);
  const tiles = tilesOf(kernels, smoothed, { ...maps, cells: maps.mask.cells });
  kernels.filterEven(across, tiles, smoothed.stride, { from: smoothed.data, even: out.data });
  mirrorMargin(out);
  return out;
}

/** Even and odd response: the analytic signal of the ridges. 0 outside the mask. */
export function acrossBoth(
  { kernels, across }: BoundEnhancer,
  smoothed: Plane,
  maps: FilterMaps & { period: Uint8Array },
): { even: Plane; odd: Plane } {
  const even = newPlane(kernels, smoothed.width, smoothed.height);
  const odd = newPlane(kernels, smoothed.width, smoothed.height);
  const tiles = tilesOf(kernels, smoothed, { ...maps, cells: maps.mask.cells });
  const planes = { from: smoothed.data, even: even.data, odd: odd.data };
  kernels.filterBoth(across, tiles, smoothed.stride, planes);
  return { even, odd };
}

/** Cells within a distance of the mask, in cells. */
export function dilated(mask: Mask, radius: number): Uint8Array {
  const near = Float32Array.from(mask.cells);
  boxBlur(near, mask, radius);
  return Uint8Array.from(near, (share) => (share > 0 ? 1 : 0));
}

interface TileChoice extends FilterMaps {
  /** 1 where tiles are wanted. */
  cells: Uint8Array;
  period?: Uint8Array;
  /** One of SAMPLED tiles. */
  isSampled?: boolean;
}

/** Every tile whose middle lies in a wanted cell, with the filter of its orientation and of its cell's period. */
function tilesOf(kernels: Kernels, plane: Plane, choice: TileChoice): Tiles & { cellOf: Int32Array } {
  const { orientation, cells, mask, cellPx, period, isSampled = false } = choice;
  const { width, height, indices } = orientation;
  const places = kernels.ints(2 * width * height);
  const cellOf = new Int32Array(isSampled ? width * height : 0);
  const columns = Int32Array.from({ length: width }, (_, x) =>
    Math.min(mask.width - 1, Math.floor(((x + 0.5) * TILE_WIDTH) / cellPx)),
  );
  let count = 0;
  for (let y = 0; y < height; y += 1) {
    const row = Math.min(mask.height - 1, Math.floor(((y + 0.5) * TILE_HEIGHT) / cellPx)) * mask.width;
    const start = plane.origin + y * TILE_HEIGHT * plane.stride;
    for (let x = 0; x < width; x += 1) {
      const cell = row + columns[x]!;
      if (cells[cell] === 0 || (isSampled && !isSample(x, y))) continue;
      places[2 * count] = start + x * TILE_WIDTH;
      places[2 * count + 1] =
        indices[y * width + x]! + (period === undefined ? 0 : period[cell]! * ORIENTATIONS);
      if (isSampled) cellOf[count] = cell;
      count += 1;
    }
  }
  return { places, count, cellOf };
}

/** An eighth of all tiles, staggered. */
function isSample(x: number, y: number): boolean {
  return (x & 3) === 0 ? (y & 3) === 1 : (x & 3) === 3 && (y & 3) === 3;
}

export interface PeriodMap {
  /** Index of the strongest period per cell. */
  period: Uint8Array;
  /** Mean energy of that period's filter: how much of what is seen there are ridges. */
  strength: Float32Array;
}

/** Box radius (cells) over which energies are averaged: the period of ridges changes slowly. */
const PERIOD_RADIUS = 2;

/** The strongest period of every cell in the mask, from the energy of every filter in an eighth of the tiles. */
export function periodMap(
  { kernels, across, periods }: BoundEnhancer,
  smoothed: Plane,
  maps: FilterMaps,
): PeriodMap {
  const { cells } = maps.mask;
  const period = new Uint8Array(cells.length);
  const strength = new Float32Array(cells.length);
  const tiles = tilesOf(kernels, smoothed, { ...maps, cells, isSampled: true });
  const responses = kernels.floats(tiles.count);
  for (let index = 0; index < periods; index += 1) {
    kernels.filterEnergy(across, tiles, smoothed.stride, { from: smoothed.data, energy: responses });
    const energy = new Float32Array(cells.length);
    for (let tile = 0; tile < tiles.count; tile += 1) {
      energy[tiles.cellOf[tile]!]! += responses[tile]!;
      // The filters of the next period follow those of this one.
      tiles.places[2 * tile + 1]! += ORIENTATIONS;
    }
    boxBlur(energy, maps.mask, PERIOD_RADIUS);
    for (let cell = 0; cell < cells.length; cell += 1) {
      if (cells[cell] !== 1 || energy[cell]! <= strength[cell]!) continue;
      strength[cell] = energy[cell]!;
      period[cell] = index;
    }
  }
  return { period, strength };
}
