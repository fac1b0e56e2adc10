import type { Extent } from './box-blur.js';
import { gaussian, type LineFilter, lineFilter } from './line-filter.js';
import { isInside, type Mask } from './mask.js';
import { CELL_PX } from './orientation.js';
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

export function newEnhancer(stride: number, shape: EnhancerShape): Enhancer {
  const along = lineFilter(stride, {
    isAcross: false,
    reach: shape.alongSigma * REACH_IN_SIGMAS,
    even: gaussian(shape.alongSigma),
  });
  const across = shape.periods.map((period) => {
    const envelope = gaussian(shape.acrossSigma * period);
    const wave = (2 * Math.PI) / period;
    return lineFilter(stride, {
      isAcross: true,
      reach: shape.acrossSigma * period * REACH_IN_SIGMAS,
      even: (distance) => envelope(distance) * Math.cos(wave * distance),
      odd: (distance) => envelope(distance) * Math.sin(wave * distance),
    });
  });
  return { along, across, shape };
}

/** Smoothed along the local orientation; pixels outside the mask stay as they are. */
export function smoothAlong(enhancer: Enhancer, plane: Plane, orientation: Uint8Array): Plane {
  const out = newPlane(plane.width, plane.height);
  const { starts, offsets, weights } = enhancer.along;
  const { data, stride, origin, width } = plane;
  for (let y = 0; y < plane.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = origin + y * stride + x;
      const index = orientation[y * width + x]!;
      const end = starts[index + 1]!;
      let sum = 0;
      for (let tap = starts[index]!; tap < end; tap += 1) sum += weights[tap]! * data[at + offsets[tap]!]!;
      out.data[at] = sum;
    }
  }
  mirrorMargin(out);
  return out;
}

/** Which pixels are worth filtering, and how. */
export interface FilterMaps extends Extent {
  mask: Mask;
  /** Pixels per mask cell at this resolution. */
  cellPx: number;
  orientation: Uint8Array;
  /** Index of the period per cell. */
  period: Uint8Array;
}

/** The even response of the band-pass; 0 outside the mask. */
export function acrossEven(enhancer: Enhancer, smoothed: Plane, maps: FilterMaps): Plane {
  const out = newPlane(smoothed.width, smoothed.height);
  const { data, stride, origin, width } = smoothed;
  for (let y = 0; y < smoothed.height; y += 1) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 0; x < width; x += 1) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const { starts, offsets, weights } = enhancer.across[maps.period[cell]!]!;
      const at = origin + y * stride + x;
      const index = maps.orientation[y * width + x]!;
      const end = starts[index + 1]!;
      let sum = 0;
      for (let tap = starts[index]!; tap < end; tap += 1) sum += weights[tap]! * data[at + offsets[tap]!]!;
      out.data[at] = sum;
    }
  }
  mirrorMargin(out);
  return out;
}

/** Even and odd response: the analytic signal of the ridges. 0 outside the mask. */
export function acrossBoth(enhancer: Enhancer, smoothed: Plane, maps: FilterMaps): { even: Plane; odd: Plane } {
  const even = newPlane(smoothed.width, smoothed.height);
  const odd = newPlane(smoothed.width, smoothed.height);
  const { data, stride, origin, width } = smoothed;
  for (let y = 0; y < smoothed.height; y += 1) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 0; x < width; x += 1) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const filter = enhancer.across[maps.period[cell]!]!;
      const at = origin + y * stride + x;
      const index = maps.orientation[y * width + x]!;
      const end = filter.starts[index + 1]!;
      let sumEven = 0;
      let sumOdd = 0;
      for (let tap = filter.starts[index]!; tap < end; tap += 1) {
        const value = data[at + filter.offsets[tap]!]!;
        sumEven += filter.weights[tap]! * value;
        sumOdd += filter.odd[tap]! * value;
      }
      even.data[at] = sumEven;
      odd.data[at] = sumOdd;
    }
  }
  return { even, odd };
}

/** Index of the strongest period per cell, from the energy of every filter at every second pixel. */
export function periodMap(enhancer: Enhancer, smoothed: Plane, maps: Omit<FilterMaps, 'period'>): Uint8Array {
  const { mask, cellPx } = maps;
  const energies = enhancer.across.map((filter) => energyMap(filter, smoothed, maps));
  const period = new Uint8Array(mask.cells.length);
  for (let cell = 0; cell < period.length; cell += 1) {
    period[cell] = mask.cells[cell] === 1 ? strongest(energies, cell, mask) : 0;
  }
  return cellPx > 0 ? period : new Uint8Array();
}

/** Cells around a cell whose energies are added: the period of ridges changes slowly. */
const PERIOD_RADIUS = 2;

function strongest(energies: readonly Float32Array[], cell: number, mask: Mask): number {
  const column = cell % mask.width;
  const row = Math.floor(cell / mask.width);
  let best = 0;
  let bestEnergy = -1;
  for (let index = 0; index < energies.length; index += 1) {
    let sum = 0;
    for (let y = Math.max(0, row - PERIOD_RADIUS); y <= Math.min(mask.height - 1, row + PERIOD_RADIUS); y += 1) {
      for (let x = Math.max(0, column - PERIOD_RADIUS); x <= Math.min(mask.width - 1, column + PERIOD_RADIUS); x += 1) {
        sum += energies[index]![y * mask.width + x]!;
      }
    }
    if (sum > bestEnergy) {
      bestEnergy = sum;
      best = index;
    }
  }
  return best;
}

function energyMap(filter: LineFilter, plane: Plane, maps: Omit<FilterMaps, 'period'>): Float32Array {
  const energy = new Float32Array(maps.mask.cells.length);
  for (let y = 1; y < plane.height; y += 2) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 1; x < plane.width; x += 2) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const at = plane.origin + y * plane.stride + x;
      const index = maps.orientation[y * plane.width + x]!;
      let even = 0;
      let odd = 0;
      for (let tap = filter.starts[index]!; tap < filter.starts[index + 1]!; tap += 1) {
        const value = plane.data[at + filter.offsets[tap]!]!;
        even += filter.weights[tap]! * value;
        odd += filter.odd[tap]! * value;
      }
      energy[cell]! += even * even + odd * odd;
    }
  }
  return energy;
}

export function isFinger(maps: { mask: Mask; cellPx: number }, x: number, y: number): boolean {
  return isInside(maps.mask, (x * CELL_PX) / maps.cellPx, (y * CELL_PX) / maps.cellPx);
}
