import { createHash } from 'node:crypto';
import type { Random } from '../../random.js';

/**
 * Records of INCITS 378-2004 as a reader with a sensor makes them (minutiae note §3.2, written from it alone). The minutiae
 * are not those of a real finger: they follow from the name of the simulated one, and move a little from one touch to
 * the next, as real ones do.
 */
export const MINUTIAE = 32;
const WIDTH = 300;
const HEIGHT = 400;
const PER_CM = 197;
const MARGIN = 20;
/** 26 bytes of record header, 4 of view header. */
const MINUTIAE_AT = 30;
const MINUTIA_BYTES = 6;
const JITTER_PX = 2;
/** Minutiae that lie closer than this are the same one. */
const SAME_PX = 6;
const VIEW_QUALITY = 80;

interface Point {
  x: number;
  y: number;
  angle: number;
  isEnding: boolean;
}

/** @param position 1 right thumb to 10 left little finger, 0 where the reader does not know. */
export function fingerRecord(finger: string, position: number, random: Random): Buffer {
  const points = minutiaeOf(finger).map((point) => ({
    ...point,
    x: point.x + random.int(-JITTER_PX, JITTER_PX),
    y: point.y + random.int(-JITTER_PX, JITTER_PX),
  }));
  const length = MINUTIAE_AT + points.length * MINUTIA_BYTES + 2;
  const record = Buffer.alloc(length);
  record.write('FMR\0 20\0', 'latin1');
  record.writeUInt16BE(length, 8);
  record.writeUInt16BE(WIDTH, 16);
  record.writeUInt16BE(HEIGHT, 18);
  record.writeUInt16BE(PER_CM, 20);
  record.writeUInt16BE(PER_CM, 22);
  record.writeUInt8(1, 24);
  record.set([position, 0, VIEW_QUALITY, points.length], 26);
  for (const [index, { x, y, angle, isEnding }] of points.entries()) {
    const at = MINUTIAE_AT + index * MINUTIA_BYTES;
    record.writeUInt16BE((isEnding ? 0x4000 : 0x8000) + x, at);
    record.writeUInt16BE(y, at + 2);
    record.set([angle, VIEW_QUALITY], at + 4);
  }
  return record;
}

/** How well a record fits a finger, 0 to 255: the share of its minutiae that the finger has. Undefined for no record. */
export function compareRecord(record: Uint8Array, finger: string): number | undefined {
  const bytes = Buffer.from(record);
  if (bytes.length < MINUTIAE_AT + 2 || bytes.toString('latin1', 0, 8) !== 'FMR\0 20\0') return undefined;
  const count = bytes.readUInt8(MINUTIAE_AT - 1);
  if (count === 0 || bytes.length < MINUTIAE_AT + count * MINUTIA_BYTES + 2) return undefined;
  const known = minutiaeOf(finger);
  let found = 0;
  for (let index = 0; index < count; index++) {
    const at = MINUTIAE_AT + index * MINUTIA_BYTES;
    const x = bytes.readUInt16BE(at) & 0x3fff;
    const y = bytes.readUInt16BE(at + 2) & 0x3fff;
    if (known.some((point) => Math.hypot(point.x - x, point.y - y) <= SAME_PX)) found += 1;
  }
  return Math.round((255 * found) / count);
}

/** Two bytes for each coordinate and one for the rest, drawn from the name. */
function minutiaeOf(finger: string): Point[] {
  return Array.from({ length: MINUTIAE }, (_, index) => {
    const bytes = createHash('sha256').update(`${finger}#${index}`).digest();
    return {
      x: MARGIN + (bytes.readUInt16BE(0) % (WIDTH - 2 * MARGIN)),
      y: MARGIN + (bytes.readUInt16BE(2) % (HEIGHT - 2 * MARGIN)),
      angle: bytes.readUInt8(4) % 180,
      isEnding: bytes.readUInt8(5) % 2 === 0,
    };
  });
}
