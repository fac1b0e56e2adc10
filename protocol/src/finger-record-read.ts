import { RollcallError } from './errors.js';
import {
  FINGER_RECORD_BYTES_MAX,
  FINGER_VIEWS_MAX,
  type FingerMinutia,
  type FingerRecord,
  type FingerView,
  fromAnsiAngle,
} from './finger-record.js';

export type ReadFormat = 'iso2005' | 'incits378-2004' | 'iso2011' | 'incits378-2009' | 'incits378-2009-am1';

export interface ReadRecord extends FingerRecord {
  format: ReadFormat;
  /** What was wrong and did not matter; public samples are full of it (protocols §3.4). */
  warnings: string[];
}

const MAGIC = 0x464d5200;
const VERSIONS: Readonly<Record<number, '20' | '30' | '35'>> = {
  540160000: '20',
  808595456: '20',
  808660992: '30',
  808662272: '35',
};
const ISO2005_HEADER_BYTES = 24;
const ANSI2004_HEADER_BYTES = 26;
const ISO2011_HEADER_BYTES = 15;
const ISO2011_REPRESENTATION_MIN_BYTES = 34;
const MINUTIA_BYTES = 6;
/** A declared length may be wrong by this much in the records of known libraries. */
const LENGTH_SLACK_BYTES = 2;
/** Angles of INCITS 378 have steps of 2°. */
const ANSI_ANGLES = 180;
/** Qualities above 100 are codes ("not computed", "failed"). */
const QUALITY_MAX = 100;

/**
 * Reads ISO/IEC 19794-2:2005 and :2011 and INCITS 378-2004, -2009 and its amendment, whichever it is. Lengths that are
 * wrong by two bytes and broken extension areas give warnings; anything else throws `TEMPLATE_INVALID`.
 */
export function readFingerRecord(bytes: Uint8Array): ReadRecord {
  if (bytes.length > FINGER_RECORD_BYTES_MAX)
    throw invalid(`is larger than ${FINGER_RECORD_BYTES_MAX} bytes`);
  const cursor = new Cursor(bytes);
  if (cursor.u32() !== MAGIC) throw invalid('does not start with FMR');
  const version = VERSIONS[cursor.u32()];
  if (version === undefined) throw invalid('has an unknown version');
  if (version === '20') return isAnsi2004(bytes) ? readAnsi2004(cursor) : readIso2005(cursor);
  if (version === '30' && isIso2011(bytes)) return readIso2011(cursor);
  return readAnsi2009(cursor, version === '30' ? 'incits378-2009' : 'incits378-2009-am1');
}

function isAnsi2004(bytes: Uint8Array): boolean {
  const short = word(bytes, 8);
  if (short >= ANSI2004_HEADER_BYTES) return true;
  // Both have a long form that starts with two zero bytes; only in ISO the next two hold the length.
  return short === 0 && word(bytes, 10) === 0;
}

/** The lengths of the representations add up only if it is one (protocols §1). */
function isIso2011(bytes: Uint8Array): boolean {
  const total = word(bytes, 8) * 0x10000 + word(bytes, 10);
  let at = ISO2011_HEADER_BYTES;
  for (let left = word(bytes, 12); left > 0; left -= 1) {
    const length = word(bytes, at) * 0x10000 + word(bytes, at + 2);
    if (length < ISO2011_REPRESENTATION_MIN_BYTES || at + length > bytes.length) return false;
    at += length;
  }
  return Math.abs(at - total) <= LENGTH_SLACK_BYTES && at > ISO2011_HEADER_BYTES;
}

function readIso2005(cursor: Cursor): ReadRecord {
  const record = newRecord('iso2005');
  checkLength(cursor, cursor.u32(), record);
  if (cursor.length < ISO2005_HEADER_BYTES) throw invalid('is cut off');
  readViews2004(cursor, record, { isAnsi: false });
  return record;
}

function readAnsi2004(cursor: Cursor): ReadRecord {
  const record = newRecord('incits378-2004');
  const short = cursor.u16();
  checkLength(cursor, short === 0 ? cursor.u32() : short, record);
  cursor.skip(4);
  readViews2004(cursor, record, { isAnsi: true });
  return record;
}

/** The layout that ISO 2005 and ANSI 2004 share behind their lengths. */
function readViews2004(cursor: Cursor, record: ReadRecord, { isAnsi }: { isAnsi: boolean }): void {
  cursor.skip(2);
  const image = {
    width: cursor.u16(),
    height: cursor.u16(),
    resolutionX: cursor.u16(),
    resolutionY: cursor.u16(),
  };
  const views = viewCount(cursor.u8());
  cursor.skip(1);
  for (let at = 0; at < views; at += 1) {
    const position = cursor.u8();
    const impression = cursor.u8() & 15;
    const quality = qualityOf(cursor.u8());
    const minutiae = readMinutiae(cursor, record, { count: cursor.u8(), size: MINUTIA_BYTES, isAnsi });
    record.views.push(checked({ ...image, position, impression, quality, minutiae }));
    skipExtensions(cursor, record, at === views - 1);
  }
}

function readIso2011(cursor: Cursor): ReadRecord {
  const record = newRecord('iso2011');
  checkLength(cursor, cursor.u32(), record);
  const views = viewCount(cursor.u16());
  const isCertified = cursor.u8() !== 0;
  for (let at = 0; at < views; at += 1) {
    const end = cursor.at + cursor.u32();
    cursor.skip(9 + 5);
    const blocks = cursor.u8();
    const quality = blocks > 0 ? qualityOf(cursor.u8()) : 0;
    cursor.skip(blocks > 0 ? blocks * 5 - 1 : 0);
    if (isCertified) cursor.skip(cursor.u8() * 3);
    const position = cursor.u8();
    cursor.skip(1);
    const resolutionX = cursor.u16();
    const resolutionY = cursor.u16();
    const impression = cursor.u8();
    const width = cursor.u16();
    const height = cursor.u16();
    const size = cursor.u8() >> 4 === 5 ? 5 : MINUTIA_BYTES;
    const minutiae = readMinutiae(cursor, record, { count: cursor.u8(), size, isAnsi: false });
    record.views.push(
      checked({ position, impression, quality, width, height, resolutionX, resolutionY, minutiae }),
    );
    if (cursor.at > end) throw invalid('has more minutiae than its length allows');
    cursor.at = Math.min(end, cursor.length);
  }
  return record;
}

function readAnsi2009(cursor: Cursor, format: ReadFormat): ReadRecord {
  const record = newRecord(format);
  checkLength(cursor, cursor.u32(), record);
  cursor.skip(4 + 1 + 2);
  const views = viewCount(cursor.u8());
  cursor.skip(1);
  for (let at = 0; at < views; at += 1) {
    const position = cursor.u8();
    cursor.skip(1);
    const impression = cursor.u8();
    const quality = qualityOf(cursor.u8());
    cursor.skip(4);
    const image = {
      width: cursor.u16(),
      height: cursor.u16(),
      resolutionX: cursor.u16(),
      resolutionY: cursor.u16(),
    };
    const minutiae = readMinutiae(cursor, record, { count: cursor.u8(), size: MINUTIA_BYTES, isAnsi: true });
    record.views.push(checked({ ...image, position, impression, quality, minutiae }));
    skipExtensions(cursor, record, at === views - 1);
  }
  return record;
}

interface MinutiaLayout {
  count: number;
  size: number;
  isAnsi: boolean;
}

function readMinutiae(
  cursor: Cursor,
  record: ReadRecord,
  { count, size, isAnsi }: MinutiaLayout,
): FingerMinutia[] {
  const minutiae: FingerMinutia[] = [];
  for (let at = 0; at < count; at += 1) {
    const typeAndX = cursor.u16();
    const y = cursor.u16() & 0x3fff;
    const angle = cursor.u8();
    const quality = size === MINUTIA_BYTES ? qualityOf(cursor.u8()) : 0;
    const kind = typeAndX >> 14;
    minutiae.push({ x: typeAndX & 0x3fff, y, angle, type: kind === 1 || kind === 2 ? kind : 0, quality });
  }
  if (!isAnsi) return minutiae;
  if (minutiae.some(({ angle }) => angle >= ANSI_ANGLES)) {
    // A known library writes ISO angles into ANSI records; no ANSI angle can be this large.
    record.warnings.push('angles in steps of ISO/IEC 19794-2');
    return minutiae;
  }
  return minutiae.map((minutia) => ({ ...minutia, angle: fromAnsiAngle(minutia.angle) }));
}

/** Extensions are not used. In the last view their declared length may be wrong; between views it must be right. */
function skipExtensions(cursor: Cursor, record: ReadRecord, isLast: boolean): void {
  if (isLast && cursor.at + 2 > cursor.length) {
    record.warnings.push('the length of the extensions is missing');
    return;
  }
  const declared = cursor.u16();
  const there = cursor.length - cursor.at;
  if (isLast && declared !== there)
    record.warnings.push(`extensions: ${declared} bytes declared, ${there} there`);
  cursor.skip(isLast ? there : declared);
}

function checkLength(cursor: Cursor, declared: number, record: ReadRecord): void {
  const difference = cursor.length - declared;
  if (difference === 0) return;
  if (difference < -LENGTH_SLACK_BYTES) throw invalid('is cut off');
  record.warnings.push(`${declared} bytes declared, ${cursor.length} there`);
}

function checked(view: FingerView): FingerView {
  if (view.resolutionX > 0 && view.resolutionY > 0) return view;
  throw invalid('has no resolution');
}

function viewCount(count: number): number {
  if (count >= 1 && count <= FINGER_VIEWS_MAX) return count;
  throw invalid(`says it has ${count} views; 1 to ${FINGER_VIEWS_MAX} can be read`);
}

function newRecord(format: ReadFormat): ReadRecord {
  return { format, views: [], warnings: [] };
}

function qualityOf(value: number): number {
  return value > QUALITY_MAX ? 0 : value;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}

/** Reads big-endian numbers and throws at the end, so that no count in a record is trusted. */
class Cursor {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  u8(): number {
    const value = this.#bytes[this.at];
    if (value === undefined) throw invalid('is cut off');
    this.at += 1;
    return value;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  skip(count: number): void {
    if (this.at + count > this.#bytes.length) throw invalid('is cut off');
    this.at += count;
  }
}

function invalid(what: string): RollcallError {
  return new RollcallError('TEMPLATE_INVALID', `The finger record ${what}. Export the template again`);
}
