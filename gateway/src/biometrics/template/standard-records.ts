import { RollcallError } from '@rollcall/protocol/errors';
import {
  type FingerMinutia,
  type FingerRecord,
  type FingerRecordFormat,
  type FingerView,
  PER_CM_AT_500_DPI,
} from '@rollcall/protocol/finger-record';
import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import { writeFingerRecord } from '@rollcall/protocol/finger-record-write';
import type { Template } from '../extract/extract.js';
import { type Minutia, strongest } from '../extract/minutiae.js';
import { EMPTY_GRID } from '../field/orientation-grid.js';
import { SIDE_MAX_PX } from '../image/grey-image.js';

/** What a minutia without a stated quality counts, 1..100. */
const QUALITY_UNKNOWN = 50;

/**
 * The skeleton's minutiae as a standard record, for other systems. The second set and the ridge flow have no place
 * in it, so what comes back from a record recognizes less than what went into it.
 */
export function exportTemplate(template: Template, format: FingerRecordFormat): Uint8Array {
  const view: FingerView = {
    position: 0,
    impression: 0,
    quality: template.quality,
    width: template.width,
    height: template.height,
    resolutionX: PER_CM_AT_500_DPI,
    resolutionY: PER_CM_AT_500_DPI,
    minutiae: template.skeleton,
  };
  return writeFingerRecord({ views: [view] }, format);
}

/** The first view of an ISO/IEC 19794-2 or INCITS 378 record. Throws `TEMPLATE_INVALID`. */
export function importTemplate(bytes: Uint8Array): Template {
  return fromView(readFingerRecord(bytes));
}

function fromView({ views: [view] }: FingerRecord): Template {
  if (view === undefined) throw unusable('no view');
  const width = Math.round((view.width * PER_CM_AT_500_DPI) / view.resolutionX);
  const height = Math.round((view.height * PER_CM_AT_500_DPI) / view.resolutionY);
  if (Math.max(width, height) > SIDE_MAX_PX) throw unusable('an image larger than a hand');
  const minutiae = strongest(
    view.minutiae
      .map((minutia) => scaled(minutia, view))
      .filter(({ x, y }) => x < Math.max(1, width) && y < Math.max(1, height)),
  );
  if (minutiae.length === 0) throw unusable('no minutiae in its image');
  // One set stands for both front ends; matching then adds its score to itself.
  return { width, height, quality: view.quality, skeleton: minutiae, phase: minutiae, grid: EMPTY_GRID };
}

function scaled(minutia: FingerMinutia, view: FingerView): Minutia {
  return {
    ...minutia,
    x: Math.round((minutia.x * PER_CM_AT_500_DPI) / view.resolutionX),
    y: Math.round((minutia.y * PER_CM_AT_500_DPI) / view.resolutionY),
    quality: minutia.quality === 0 ? QUALITY_UNKNOWN : minutia.quality,
  };
}

function unusable(what: string): RollcallError {
  return new RollcallError('TEMPLATE_INVALID', `The finger record has ${what}. Export the template again`);
}
