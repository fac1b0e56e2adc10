import { boxBlur, type Extent } from './box-blur.js';
import { gaussian, type LineFilter, lineFilter, tapOffsets } from './line-filter.js';
import type { Mask } from './mask.js';
import { MARGIN_PX, mirrorMargin, newPlane, type Plane } from './plane.js';

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
export interface FilterMaps extends Extent {
  mask: Mask;
  /** Pixels per mask cell at this resolution. */
  cellPx: number;
  orientation: Uint8Array;
  /** Index of the period per cell. */
  period: Uint8Array;
}

/** Smoothed along the local orientation, in the mask and as far round it as the next filter reaches. */
export function smoothAlong(enhancer: Enhancer, plane: Plane, maps: Omit<FilterMaps, 'period'>): Plane {
  const out = newPlane(plane.width, plane.height);
  const { starts, weights } = enhancer.along;
  const { data, stride, origin, width } = plane;
  const offsets = tapOffsets(enhancer.along, stride);
  const { orientation, mask, cellPx } = maps;
  const wanted = Float32Array.from(mask.cells);
  boxBlur(wanted, mask, Math.ceil(MARGIN_PX / 2 / cellPx));
  for (let y = 0; y < plane.height; y += 1) {
    const cellRow = Math.floor(y / cellPx) * mask.width;
    for (let x = 0; x < width; x += 1) {
      if (wanted[cellRow + Math.floor(x / cellPx)] === 0) continue;
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

/** The even response of the band-pass; 0 outside the mask. */
export function acrossEven(enhancer: Enhancer, smoothed: Plane, maps: FilterMaps): Plane {
  const out = newPlane(smoothed.width, smoothed.height);
  const { data, stride, origin, width } = smoothed;
  const offsetsOf = enhancer.across.map((filter) => tapOffsets(filter, stride));
  for (let y = 0; y < smoothed.height; y += 1) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 0; x < width; x += 1) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const period = maps.period[cell]!;
      const { starts, weights } = enhancer.across[period]!;
      const offsets = offsetsOf[period]!;
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
export function acrossBoth(
  enhancer: Enhancer,
  smoothed: Plane,
  maps: FilterMaps,
): { even: Plane; odd: Plane } {
  const even = newPlane(smoothed.width, smoothed.height);
  const odd = newPlane(smoothed.width, smoothed.height);
  const { data, stride, origin, width } = smoothed;
  const offsetsOf = enhancer.across.map((filter) => tapOffsets(filter, stride));
  for (let y = 0; y < smoothed.height; y += 1) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 0; x < width; x += 1) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const period = maps.period[cell]!;
      const filter = enhancer.across[period]!;
      const offsets = offsetsOf[period]!;
      const at = origin + y * stride + x;
      const index = maps.orientation[y * width + x]!;
      const end = filter.starts[index + 1]!;
      let sumEven = 0;
      let sumOdd = 0;
      for (let tap = filter.starts[index]!; tap < end; tap += 1) {
        const value = data[at + offsets[tap]!]!;
        sumEven += filter.weights[tap]! * value;
        sumOdd += filter.odd[tap]! * value;
      }
      even.data[at] = sumEven;
      odd.data[at] = sumOdd;
    }
  }
  return { even, odd };
}

export interface PeriodMap {
  /** Index of the strongest period per cell. */
  period: Uint8Array;
  /** Mean energy of that period's filter: how much of what is seen there are ridges. */
  strength: Float32Array;
}

/** Distance of the pixels at which energies are taken. */
const SAMPLE_PX = 3;
/** Box radius (cells) over which energies are averaged: the period of ridges changes slowly. */
const PERIOD_RADIUS = 2;

/** The strongest period of every cell in the mask, from the energy of every filter at a ninth of the pixels. */
export function periodMap(enhancer: Enhancer, smoothed: Plane, maps: Omit<FilterMaps, 'period'>): PeriodMap {
  const { cells } = maps.mask;
  const period = new Uint8Array(cells.length);
  const strength = new Float32Array(cells.length);
  for (const [index, filter] of enhancer.across.entries()) {
    const energy = energyMap(filter, smoothed, maps);
    boxBlur(energy, maps.mask, PERIOD_RADIUS);
    for (let cell = 0; cell < cells.length; cell += 1) {
      if (cells[cell] !== 1 || energy[cell]! <= strength[cell]!) continue;
      strength[cell] = energy[cell]!;
      period[cell] = index;
    }
  }
  return { period, strength };
}

function energyMap(filter: LineFilter, plane: Plane, maps: Omit<FilterMaps, 'period'>): Float32Array {
  const energy = new Float32Array(maps.mask.cells.length);
  const offsets = tapOffsets(filter, plane.stride);
  for (let y = 1; y < plane.height; y += SAMPLE_PX) {
    const cellRow = Math.floor(y / maps.cellPx) * maps.mask.width;
    for (let x = 1; x < plane.width; x += SAMPLE_PX) {
      const cell = cellRow + Math.floor(x / maps.cellPx);
      if (maps.mask.cells[cell] !== 1) continue;
      const at = plane.origin + y * plane.stride + x;
      const index = maps.orientation[y * plane.width + x]!;
      let even = 0;
      let odd = 0;
      for (let tap = filter.starts[index]!; tap < filter.starts[index + 1]!; tap += 1) {
        const value = plane.data[at + offsets[tap]!]!;
        even += filter.weights[tap]! * value;
        odd += filter.odd[tap]! * value;
      }
      energy[cell]! += even * even + odd * odd;
    }
  }
  return energy;
}
