import { RollcallError } from '@rollcall/protocol/errors';
import { cellCount, type Mask, segment } from '../field/mask.js';
import { normalize } from '../field/normalize.js';
import { type OrientationGrid, toGrid } from '../field/orientation-grid.js';
import { MARGIN_PX, type Plane } from '../field/plane.js';
import { type GreyImage, SIDE_MAX_PX } from '../image/grey-image.js';
import { areRidgesDark } from '../image/polarity.js';
import { toWorkingDpi } from '../image/resample.js';
import type { Kernels } from '../kernels/kernels.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import { assessQuality, type Quality } from '../quality.js';
import type { Minutia } from './minutiae.js';
import { extractFromPhase, type PhaseView } from './phase-extractor.js';
import { extractFromSkeletons, type SkeletonView } from './skeleton-extractor.js';

/** Fewer minutiae than this in both sets, and there is nothing to recognize anybody by. */
const MINUTIAE_NEEDED = 4;
/** Finger needed, in cells of 8 px: a square of about 5 mm. */
const CELLS_NEEDED = 144;

/** What is kept of a finger: never the image. Pixels are those of 500 dpi. */
export interface Template {
  width: number;
  height: number;
  /** 0..100. */
  quality: number;
  /** Minutiae of the skeleton-based front end, and of the phase-based one. */
  skeleton: Minutia[];
  phase: Minutia[];
  /** Ridge flow; empty in templates that came from elsewhere. */
  grid: OrientationGrid;
}

export interface Extraction {
  template: Template;
  quality: Quality;
  /** For drawing; not kept. With kernels in WebAssembly the next extraction overwrites the planes. */
  views: { image: GreyImage; plane: Plane; mask: Mask; skeleton: SkeletonView; phase: PhaseView };
}

/** Planes of one extraction at most, with tiles and tables beside them; a plane of the second front end counts for half. */
const PLANES = 14;
/** Tables of filters and rows of one extraction at most, bytes. */
const TABLE_BYTES = 1 * 1024 * 1024;

/**
 * A finger's template from its image; the same with any kernels. Throws `IMAGE_INVALID` for an image that no finger sensor gives, and
 * `FINGER_UNREADABLE` where no finger, or too little of one, is in it.
 */
export function extract(given: GreyImage, kernels: Kernels = plainKernels): Extraction {
  const image = toWorkingDpi(given);
  if (Math.max(image.width, image.height) > SIDE_MAX_PX) {
    throw new RollcallError(
      'IMAGE_INVALID',
      `The image is larger than a hand at ${given.dpi} dpi. Give the resolution of the sensor`,
    );
  }
  const paddedPx = (image.width + 2 * MARGIN_PX) * (image.height + 2 * MARGIN_PX);
  kernels.reset(PLANES * 4 * paddedPx + TABLE_BYTES);
  const dark = normalize(kernels, image, true);
  const mask = segment(dark.deviation, image);
  if (cellCount(mask) < CELLS_NEEDED) throw unreadable();
  const plane = areRidgesDark(image, mask) ? dark.plane : normalize(kernels, image, false).plane;
  const skeleton = extractFromSkeletons(kernels, plane, mask);
  const phase = extractFromPhase(kernels, plane, skeleton.mask);
  const counts = [skeleton.minutiae.length, phase.minutiae.length];
  if (Math.max(...counts) < MINUTIAE_NEEDED) throw unreadable();
  const quality = assessQuality({
    plane,
    mask: skeleton.mask,
    field: skeleton.raw,
    minutiae: Math.round((counts[0]! + counts[1]!) / 2),
  });
  const template = {
    width: image.width,
    height: image.height,
    quality: quality.score,
    skeleton: skeleton.minutiae,
    phase: phase.minutiae,
    grid: toGrid(skeleton.field, skeleton.mask),
  };
  return { template, quality, views: { image, plane, mask: skeleton.mask, skeleton, phase } };
}

function unreadable(): RollcallError {
  return new RollcallError(
    'FINGER_UNREADABLE',
    'There is no finger in the image, or too little of it. Lay the finger flat on the middle of the scanner',
  );
}
