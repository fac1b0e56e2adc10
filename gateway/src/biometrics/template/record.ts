import { RollcallError } from '@rollcall/protocol/errors';
import type { Template } from '../extract/extract.js';
import { MINUTIAE_MAX, type Minutia, type MinutiaType } from '../extract/minutiae.js';
import { GRID_PX } from '../field/orientation-grid.js';
import { SIDE_MAX_PX } from '../image/grey-image.js';
import { crc32 } from './crc32.js';

/*
 * Layout, big-endian:
 *   0  "RF" | version 1 | quality
 *   4  width u16 | height u16
 *   8  skeleton count | phase count | grid width | grid height
 *  12  minutiae, skeleton then phase, 5 bytes each: x 12 bits, y 12 bits, angle, type 2 bits + quality/2 6 bits
 *      grid cells, one byte each
 *      CRC-32 of everything before
 */
const MAGIC = [0x52, 0x46] as const;
const VERSION = 1;
const HEADER_BYTES = 12;
const MINUTIA_BYTES = 5;
const CHECKSUM_BYTES = 4;
const GRID_SIDE_MAX = Math.ceil(SIDE_MAX_PX / GRID_PX);
/** Two full sets of minutiae and the grid of the largest image. */
export const RECORD_BYTES_MAX =
  HEADER_BYTES + 2 * MINUTIAE_MAX * MINUTIA_BYTES + GRID_SIDE_MAX * GRID_SIDE_MAX + CHECKSUM_BYTES;

/** The compact record of a template: about 800 bytes. */
export function encodeTemplate(template: Template): Uint8Array {
  const minutiae = [...template.skeleton, ...template.phase];
  const { grid } = template;
  const body = HEADER_BYTES + minutiae.length * MINUTIA_BYTES + grid.cells.length;
  const bytes = new Uint8Array(body + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([...MAGIC, VERSION, template.quality]);
  view.setUint16(4, template.width);
  view.setUint16(6, template.height);
  bytes.set([template.skeleton.length, template.phase.length, grid.width, grid.height], 8);
  for (const [at, { x, y, angle, type, quality }] of minutiae.entries()) {
    const place = HEADER_BYTES + at * MINUTIA_BYTES;
    bytes.set([x >> 4, ((x & 15) << 4) | (y >> 8), y & 255, angle, (type << 6) | (quality >> 1)], place);
  }
  bytes.set(grid.cells, body - grid.cells.length);
  view.setUint32(body, crc32(bytes.subarray(0, body)));
  return bytes;
}

/** Reads a compact record. Throws `TEMPLATE_INVALID` for anything that {@link encodeTemplate} does not write. */
export function decodeTemplate(bytes: Uint8Array): Template {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES || bytes.length > RECORD_BYTES_MAX) throw invalid();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) throw invalid();
  if (bytes[2] !== VERSION) {
    throw new RollcallError(
      'TEMPLATE_INVALID',
      `The template has version ${bytes[2]}; this program reads version ${VERSION}. Update the program, or enroll again`,
    );
  }
  const [skeleton = 0, phase = 0, gridWidth = 0, gridHeight = 0] = bytes.subarray(8, HEADER_BYTES);
  const body = HEADER_BYTES + (skeleton + phase) * MINUTIA_BYTES + gridWidth * gridHeight;
  if (bytes.length !== body + CHECKSUM_BYTES) throw invalid();
  if (view.getUint32(body) !== crc32(bytes.subarray(0, body))) throw invalid();
  const template: Template = {
    width: view.getUint16(4),
    height: view.getUint16(6),
    quality: bytes[3]!,
    skeleton: readMinutiae(bytes, HEADER_BYTES, skeleton),
    phase: readMinutiae(bytes, HEADER_BYTES + skeleton * MINUTIA_BYTES, phase),
    grid: {
      width: gridWidth,
      height: gridHeight,
      cells: bytes.slice(body - gridWidth * gridHeight, body),
    },
  };
  assertSound(template);
  return template;
}

function readMinutiae(bytes: Uint8Array, start: number, count: number): Minutia[] {
  return Array.from({ length: count }, (_, at) => {
    const [a = 0, b = 0, c = 0, angle = 0, rest = 0] = bytes.subarray(start + at * MINUTIA_BYTES);
    const type = rest >> 6;
    if (type === 3) throw invalid();
    return {
      x: (a << 4) | (b >> 4),
      y: ((b & 15) << 8) | c,
      angle,
      type: type as MinutiaType,
      quality: Math.max(1, (rest & 63) * 2),
    };
  });
}

/** A checksum keeps accidents away; these limits keep a matcher from what was made to look right. */
function assertSound({ width, height, quality, skeleton, phase, grid }: Template): void {
  const isSound =
    width <= SIDE_MAX_PX &&
    height <= SIDE_MAX_PX &&
    quality <= 100 &&
    grid.width <= GRID_SIDE_MAX &&
    grid.height <= GRID_SIDE_MAX &&
    Math.max(skeleton.length, phase.length) <= MINUTIAE_MAX &&
    [...skeleton, ...phase].every(({ x, y }) => x < width && y < height);
  if (!isSound) throw invalid();
}

function invalid(): RollcallError {
  return new RollcallError('TEMPLATE_INVALID', 'The template is damaged or is none. Enroll the finger again');
}
