import { acrossBoth, bindEnhancer, newEnhancer, periodMap, smoothAlong } from '../field/enhance.js';
import type { Mask } from '../field/mask.js';
import {
  CELL_PX,
  gradientField,
  type OrientationField,
  smoothField,
  tileOrientations,
} from '../field/orientation.js';
import { mirrorMargin, newPlane, type Plane } from '../field/plane.js';
import type { Kernels } from '../kernels/kernels.js';
import { BIFURCATION, ENDING, type Minutia, strongest, toAngleSteps } from './minutiae.js';
import { phaseResidues, type Residue } from './phase-residues.js';
import { isDeepInside } from './skeleton-extractor.js';
import { enhanceSpectrally } from './spectral-enhance.js';

/** This front end works at 333 dpi: 2.25 times fewer pixels, and other errors than the first one (fingerprint §7.3). */
const SCALE = 1.5;
const CELL_AT_333 = CELL_PX / SCALE;
const ENHANCER = newEnhancer({ alongSigma: 1.6, periods: [3.8, 4.7, 5.6, 6.6, 7.8], acrossSigma: 0.42 });
const FIELD_PASSES = [1, 1];
/** Whirls of opposite sense at this distance are one piece of noise, px at 333 dpi. */
const PAIR_PX = 5.5;
/** Radius of the ring whose amplitude says how clear the ridges are, px at 333 dpi. */
const RING_PX = 5;
/** Amplitude relative to the median of the finger below which there is no ridge to end. */
const AMPLITUDE_MIN = 0.25;

export interface PhaseView {
  minutiae: Minutia[];
  field: OrientationField;
  /** Even part of the ridge signal at 333 dpi. */
  even: Plane;
}

/** The second front end: spectra filter themselves, and minutiae are the whirls of the ridge phase. */
export function extractFromPhase(kernels: Kernels, plane: Plane, mask: Mask): PhaseView {
  const small = shrink(kernels, plane);
  const spectral = enhanceSpectrally(kernels, small, { mask, cellPx: CELL_AT_333 });
  const field = smoothField(gradientField(kernels, spectral, CELL_AT_333), FIELD_PASSES);
  const orientation = tileOrientations(field, small, CELL_AT_333);
  const maps = { mask, cellPx: CELL_AT_333, orientation };
  const enhancer = bindEnhancer(kernels, ENHANCER, small.stride);
  const smoothed = smoothAlong(enhancer, spectral, maps);
  const { period } = periodMap(enhancer, smoothed, maps);
  const { even, odd } = acrossBoth(enhancer, smoothed, { ...maps, period });
  const residues = phaseResidues({ even, odd, orientation });
  const amplitude = amplitudeOf(even, odd);
  const minutiae = withoutPairs(residues)
    .map((residue) => toMinutia(residue, field, amplitude))
    .filter((minutia) => minutia.quality > 0 && isDeepInside(mask, minutia.x, minutia.y));
  return { minutiae: strongest(minutiae), field, even };
}

/** Two thirds of the size, each pixel the mean of 1.5 × 1.5. */
function shrink(kernels: Kernels, plane: Plane): Plane {
  const out = newPlane(kernels, Math.floor(plane.width / SCALE), Math.floor(plane.height / SCALE));
  const { data, stride, origin } = plane;
  for (let y = 0; y < out.height; y += 1) {
    const upper = (y & 1) === 0 ? 2 / 3 : 1 / 3;
    const lower = 1 - upper;
    const row = origin + Math.floor(y * SCALE) * stride;
    for (let x = 0; x < out.width; x += 1) {
      // Which two source pixels a target pixel covers, and how much of each.
      const near = (x & 1) === 0 ? 2 / 3 : 1 / 3;
      const far = 1 - near;
      const at = row + Math.floor(x * SCALE);
      out.data[out.origin + y * out.stride + x] =
        upper * (near * data[at]! + far * data[at + 1]!) +
        lower * (near * data[at + stride]! + far * data[at + stride + 1]!);
    }
  }
  mirrorMargin(out);
  return out;
}

interface Amplitude {
  at: (x: number, y: number) => number;
  /** Of the whole finger, from a sixteenth of its pixels. */
  median: number;
}

function amplitudeOf(even: Plane, odd: Plane): Amplitude {
  const { width, height, stride, origin } = even;
  const at = (x: number, y: number): number => {
    const inX = Math.min(width - 1, Math.max(0, Math.round(x)));
    const inY = Math.min(height - 1, Math.max(0, Math.round(y)));
    const place = origin + inY * stride + inX;
    const real = even.data[place]!;
    const imaginary = odd.data[place]!;
    return Math.sqrt(real * real + imaginary * imaginary);
  };
  const samples: number[] = [];
  for (let y = 0; y < height; y += 4) {
    for (let x = 0; x < width; x += 4) {
      const value = at(x, y);
      if (value > 0) samples.push(value);
    }
  }
  const sorted = Float32Array.from(samples).sort();
  return { at, median: sorted[sorted.length >> 1] ?? 0 };
}

/** Takes away whirls that undo each other: they face each other along the ridge, or stand back to back. */
function withoutPairs(residues: readonly Residue[]): Residue[] {
  const pairs: { a: number; b: number; distance: number }[] = [];
  for (const [a, one] of residues.entries()) {
    // Residues come row by row; without the second condition noise would cost its square.
    for (let b = a + 1; b < residues.length && residues[b]!.y - one.y <= PAIR_PX; b += 1) {
      const other = residues[b]!;
      const distance = Math.hypot(other.x - one.x, other.y - one.y);
      if (distance > PAIR_PX || Math.cos(one.direction - other.direction) > 0) continue;
      pairs.push({ a, b, distance });
    }
  }
  const gone = new Set<number>();
  for (const { a, b } of pairs.sort((p, q) => p.distance - q.distance || p.a - q.a || p.b - q.b)) {
    if (!gone.has(a) && !gone.has(b)) gone.add(a).add(b);
  }
  return residues.filter((_, at) => !gone.has(at));
}

function toMinutia(residue: Residue, field: OrientationField, amplitude: Amplitude): Minutia {
  let ring = 0;
  for (let step = 0; step < 8; step += 1) {
    const angle = (step * Math.PI) / 4;
    ring += amplitude.at(residue.x + RING_PX * Math.cos(angle), residue.y + RING_PX * Math.sin(angle)) / 8;
  }
  const cell = Math.floor(residue.y / CELL_AT_333) * field.width + Math.floor(residue.x / CELL_AT_333);
  const coherence = Math.hypot(field.cos[cell]!, field.sin[cell]!);
  const clarity = ring / (amplitude.median + 1e-9);
  const quality = Math.round(100 * coherence * Math.min(1, clarity));
  return {
    x: Math.round(residue.x * SCALE + 0.25),
    y: Math.round(residue.y * SCALE + 0.25),
    angle: toAngleSteps(residue.direction),
    type: residue.isRidge ? ENDING : BIFURCATION,
    quality: clarity < AMPLITUDE_MIN ? 0 : Math.max(1, Math.min(100, quality)),
  };
}
