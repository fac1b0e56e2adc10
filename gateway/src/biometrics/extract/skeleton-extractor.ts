import {
  acrossEven,
  type BoundEnhancer,
  bindEnhancer,
  newEnhancer,
  periodMap,
  smoothAlong,
} from '../field/enhance.js';
import { isInside, type Mask, withoutWeakCells } from '../field/mask.js';
import {
  CELL_PX,
  gradientField,
  type OrientationField,
  smoothField,
  tileOrientations,
} from '../field/orientation.js';
import type { Plane } from '../field/plane.js';
import type { Kernels } from '../kernels/kernels.js';
import { BIFURCATION, ENDING, type Minutia, type MinutiaType, strongest, toAngleSteps } from './minutiae.js';
import { type LineEnd, lineEnds, TRACE_STEPS } from './skeleton-endings.js';
import { type BinaryPicture, newPicture, thin } from './thin.js';

/** Filter shapes at 500 dpi: periods from children's fingers to wide ridges (fingerprint §7.0: 6 to 12 px). */
const ENHANCER = newEnhancer({ alongSigma: 3.2, periods: [6, 7, 8.2, 9.6, 11.3], acrossSigma: 0.45 });
/** Box radii (cells) that smooth the field of the raw image, and of the enhanced one. */
const RAW_PASSES = [2, 2];
const ENHANCED_PASSES = [1, 1];
/** An arm shorter than this between an end and a junction is a tooth, px. */
const SPUR_PX = 12;
/** A line shorter than this from end to end is a pore, a dot or a piece of noise, px. */
const FRAGMENT_PX = 18;
/** Ends that face each other at this distance are one line with a gap, px. */
const GAP_PX = 12;
/** Cosine of the angle within which ends face each other. */
const FACING = 0.7;
/** Everything within this distance of a minutia must be finger, px. */
export const BORDER_PX = 9;
/** Coherence at which a minutia counts as certain. */
const GOOD_COHERENCE = 0.9;

export interface SkeletonView {
  minutiae: Minutia[];
  /** Where ridges are seen. */
  mask: Mask;
  /** Ridge flow of the image as it came, whose coherence says how clear it was. */
  raw: OrientationField;
  field: OrientationField;
  ridges: BinaryPicture;
  valleys: BinaryPicture;
}

/**
 * The first front end: orientation from gradients, two rounds of oriented filters, then the ends of two skeletons.
 * Ends of valleys are bifurcations of ridges: both types are found by the more reliable detector (fingerprint §7.1.6).
 */
export function extractFromSkeletons(kernels: Kernels, plane: Plane, mask: Mask): SkeletonView {
  const enhancer = bindEnhancer(kernels, ENHANCER, plane.stride);
  const raw = fieldOf(kernels, plane, RAW_PASSES);
  const first = smoothedBy(enhancer, plane, { mask, field: raw });
  const { period, strength } = periodMap(enhancer, first.smoothed, first.maps);
  const rough = acrossEven(enhancer, first.smoothed, { ...first.maps, period });
  const ridged = withoutWeakCells(mask, strength);
  const field = fieldOf(kernels, rough, ENHANCED_PASSES);
  const second = smoothedBy(enhancer, plane, { mask: ridged, field });
  const enhanced = acrossEven(enhancer, second.smoothed, { ...second.maps, period });
  const { ridges, valleys } = binarize(enhanced, ridged);
  thin(ridges);
  thin(valleys);
  const at = { field, mask: ridged };
  const minutiae = [
    ...minutiaeOf(lineEnds(ridges), ENDING, at),
    ...minutiaeOf(lineEnds(valleys), BIFURCATION, at),
  ];
  return { minutiae: strongest(minutiae), mask: ridged, raw, field, ridges, valleys };
}

function fieldOf(kernels: Kernels, plane: Plane, passes: readonly number[]): OrientationField {
  return smoothField(gradientField(kernels, plane, CELL_PX), passes);
}

function smoothedBy(
  enhancer: BoundEnhancer,
  plane: Plane,
  { mask, field }: { mask: Mask; field: OrientationField },
) {
  const maps = { mask, cellPx: CELL_PX, orientation: tileOrientations(field, plane, CELL_PX) };
  return { maps, smoothed: smoothAlong(enhancer, plane, maps) };
}

function binarize(enhanced: Plane, mask: Mask): { ridges: BinaryPicture; valleys: BinaryPicture } {
  const ridges = newPicture(enhanced.width, enhanced.height);
  const valleys = newPicture(enhanced.width, enhanced.height);
  for (let y = 0; y < enhanced.height; y += 1) {
    const cells = Math.floor(y / CELL_PX) * mask.width;
    const row = enhanced.origin + y * enhanced.stride;
    const out = (y + 1) * ridges.stride + 1;
    for (let x = 0; x < enhanced.width; x += 1) {
      if (mask.cells[cells + Math.floor(x / CELL_PX)] !== 1) continue;
      if (enhanced.data[row + x]! > 0) ridges.data[out + x] = 1;
      else valleys.data[out + x] = 1;
    }
  }
  return { ridges, valleys };
}

function minutiaeOf(
  ends: LineEnd[],
  type: MinutiaType,
  at: { field: OrientationField; mask: Mask },
): Minutia[] {
  const real = ends.filter((end) => end.length >= (end.isFragment ? FRAGMENT_PX : SPUR_PX));
  const bridged = new Set<LineEnd>();
  for (const [index, a] of real.entries()) {
    // Ends come row by row: what lies further down than a gap is long ends this.
    for (let other = index + 1; other < real.length && real[other]!.y - a.y <= GAP_PX; other += 1) {
      if (isGap(a, real[other]!)) bridged.add(a).add(real[other]!);
    }
  }
  return real
    .filter((end) => !bridged.has(end) && isDeepInside(at.mask, end.x, end.y))
    .map((end) => ({
      x: end.x,
      y: end.y,
      angle: directionOf(end, at.field),
      type,
      quality: qualityOf(end, at.field),
    }));
}

function isGap(a: LineEnd, b: LineEnd): boolean {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const distance = Math.hypot(dx, dy);
  if (distance > GAP_PX) return false;
  if (distance < 3) return true;
  // Both lines lead away from the gap.
  const away = -(a.dx * dx + a.dy * dy) / distance;
  const towards = (b.dx * dx + b.dy * dy) / distance;
  return away > FACING && towards > FACING;
}

export function isDeepInside(mask: Mask, x: number, y: number): boolean {
  for (let step = 0; step < 8; step += 1) {
    const angle = (step * Math.PI) / 4;
    if (!isInside(mask, x + BORDER_PX * Math.cos(angle), y + BORDER_PX * Math.sin(angle))) return false;
  }
  return true;
}

/** The axis comes from the field, which is smooth; which way along it, from the line. */
function directionOf(end: LineEnd, field: OrientationField): number {
  const cell = cellAt(field, end.x, end.y);
  const axis = Math.atan2(field.sin[cell]!, field.cos[cell]!) / 2;
  const isForward = Math.cos(axis) * end.dx - Math.sin(axis) * end.dy >= 0;
  return toAngleSteps(isForward ? axis : axis + Math.PI);
}

function qualityOf(end: LineEnd, field: OrientationField): number {
  const cell = cellAt(field, end.x, end.y);
  const coherence = Math.min(1, Math.hypot(field.cos[cell]!, field.sin[cell]!) / GOOD_COHERENCE);
  return Math.max(1, Math.round(100 * coherence * (0.5 + end.length / (2 * TRACE_STEPS))));
}

function cellAt(field: OrientationField, x: number, y: number): number {
  return Math.floor(y / CELL_PX) * field.width + Math.floor(x / CELL_PX);
}
