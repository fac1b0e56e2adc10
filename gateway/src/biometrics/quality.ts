import { cellCount, type Mask } from './field/mask.js';
import { CELL_PX, type OrientationField } from './field/orientation.js';
import type { Plane } from './field/plane.js';

/** Why a finger should be put on again; the words for people are in {@link QUALITY_ADVICE}. */
export type QualityReason = 'too_little_finger' | 'too_dry' | 'too_wet' | 'moved' | 'too_few_details';

export const QUALITY_ADVICE: Readonly<Record<QualityReason, string>> = {
  too_little_finger: 'Too little of the finger was seen: lay it flat and in the middle.',
  too_dry: 'The finger is too dry: breathe on it, or press a little more.',
  too_wet: 'The finger is wet or pressed too hard: wipe it, and press less.',
  moved: 'The finger moved, or the glass is dirty: hold still, and wipe the glass.',
  too_few_details: 'Too few details were seen: try again, or take another finger.',
};

export interface Quality {
  /** 0 useless .. 100 as good as it gets. */
  score: number;
  reasons: QualityReason[];
  /** Of the finger seen, cm². */
  areaCm2: number;
  /** Mean coherence of the ridge flow, 0..1. */
  coherence: number;
  /** Share of ridge among ridge and valley, 0..1; a good print has a little less than half. */
  ridgeShare: number;
  minutiae: number;
}

/** px per cm at 500 dpi. */
const PX_PER_CM = 500 / 2.54;
/*
 * Limits by quantiles of the tuning images (fcj2020): the worst fiftieth is asked again, a tenth counts as full. A flat
 * print of the sensors there has 1.9 cm² in the middle; what is asked for is half of it (fingerprint §7.5).
 */
const AREA_FULL_CM2 = 2.2;
const AREA_MIN_CM2 = 1.0;
const COHERENCE_GOOD = 0.65;
const COHERENCE_MIN = 0.32;
/** Shares of ridge outside of which a print is dry or wet. */
const RIDGE_SHARE_MIN = 0.32;
const RIDGE_SHARE_MAX = 0.6;
const RIDGE_SHARE_USUAL = 0.44;
/** How far from the usual share nothing is lost. */
const RIDGE_SHARE_FREE = 0.06;
const MINUTIAE_FULL = 30;
const MINUTIAE_MIN = 12;

/** For gating captures and telling people what to do, never part of a score (fingerprint §7.5). */
export function assessQuality(seen: {
  plane: Plane;
  mask: Mask;
  field: OrientationField;
  minutiae: number;
}): Quality {
  const { plane, mask, field, minutiae } = seen;
  const cells = cellCount(mask);
  const areaCm2 = cells * (CELL_PX / PX_PER_CM) ** 2;
  const coherence = meanCoherence(field, mask);
  const ridgeShare = shareOfRidge(plane, mask);
  const reasons: QualityReason[] = [];
  if (areaCm2 < AREA_MIN_CM2) reasons.push('too_little_finger');
  if (ridgeShare < RIDGE_SHARE_MIN) reasons.push('too_dry');
  if (ridgeShare > RIDGE_SHARE_MAX) reasons.push('too_wet');
  if (coherence < COHERENCE_MIN) reasons.push('moved');
  if (minutiae < MINUTIAE_MIN) reasons.push('too_few_details');
  const imbalance = Math.max(0, Math.abs(ridgeShare - RIDGE_SHARE_USUAL) - RIDGE_SHARE_FREE);
  const balance = 1 - Math.min(1, 4 * imbalance);
  const score =
    100 *
    Math.min(1, areaCm2 / AREA_FULL_CM2) ** 0.5 *
    Math.min(1, coherence / COHERENCE_GOOD) *
    Math.min(1, minutiae / MINUTIAE_FULL) ** 0.5 *
    balance;
  return { score: Math.round(score), reasons, areaCm2, coherence, ridgeShare, minutiae };
}

function meanCoherence(field: OrientationField, mask: Mask): number {
  let sum = 0;
  let count = 0;
  for (let cell = 0; cell < mask.cells.length; cell += 1) {
    if (mask.cells[cell] !== 1) continue;
    sum += Math.hypot(field.cos[cell]!, field.sin[cell]!);
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

function shareOfRidge(plane: Plane, mask: Mask): number {
  let ridge = 0;
  let count = 0;
  for (let y = 0; y < plane.height; y += 1) {
    const cellRow = Math.floor(y / CELL_PX) * mask.width;
    for (let x = 0; x < plane.width; x += 1) {
      if (mask.cells[cellRow + Math.floor(x / CELL_PX)] !== 1) continue;
      count += 1;
      if (plane.data[plane.origin + y * plane.stride + x]! > 0) ridge += 1;
    }
  }
  return count === 0 ? 0 : ridge / count;
}
