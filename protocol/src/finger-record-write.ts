import { RollcallError } from './errors.js';
import {
  FINGER_COORDINATE_MAX,
  FINGER_MINUTIAE_MAX,
  FINGER_VIEWS_MAX,
  type FingerMinutia,
  type FingerRecord,
  type FingerRecordFormat,
  type FingerView,
  toAnsiAngle,
} from './finger-record.js';

const MAGIC = [0x46, 0x4d, 0x52, 0x00];
const VERSION_20 = [0x20, 0x32, 0x30, 0x00];
const VERSION_30 = [0x30, 0x33, 0x30, 0x00];
/** ANSI length fields are two bytes below this, else two zero bytes and four more. */
const LONG_FORM_BYTES = 0x10000;
/** CBEFF owner and type of a product that registered none. */
const NO_PRODUCT = [0, 0, 0, 0];
const UNKNOWN_TIME = Array.from({ length: 9 }, () => 0xff);
/** ISO 2011: ridge skeleton end points as ending type 1, six-byte minutiae in the upper nibble. */
const ENDING_TYPE_AND_SIZE = 0x61;

/** Writes a record strictly after its standard. Throws `TEMPLATE_INVALID` for what the layout cannot hold. */
export function writeFingerRecord(record: FingerRecord, format: FingerRecordFormat): Uint8Array {
  const [first] = record.views;
  if (first === undefined || record.views.length > FINGER_VIEWS_MAX) {
    throw invalid(`has ${record.views.length} views; 1 to ${FINGER_VIEWS_MAX} can be written`);
  }
  for (const view of record.views) assertWritable(view);
  if (format === 'iso2011') return writeIso2011(record.views);
  if (record.views.some((view) => !hasSameImage(view, first))) {
    throw invalid('has views of different images, which only ISO/IEC 19794-2:2011 can hold');
  }
  return format === 'iso2005' ? writeIso2005(record.views, first) : writeIncits378(record.views, first);
}

function writeIso2005(views: readonly FingerView[], first: FingerView): Uint8Array {
  const body = [
    ...imageHeader(first),
    views.length,
    0,
    ...views.flatMap((view, at) => viewOf(view, at, isoAngle)),
  ];
  const total = MAGIC.length + VERSION_20.length + 4 + body.length;
  return Uint8Array.from([...MAGIC, ...VERSION_20, ...u32(total), ...body]);
}

function writeIncits378(views: readonly FingerView[], first: FingerView): Uint8Array {
  const body = [
    ...NO_PRODUCT,
    ...imageHeader(first),
    views.length,
    0,
    ...views.flatMap((view, at) => viewOf(view, at, (minutia) => toAnsiAngle(minutia.angle))),
  ];
  const short = MAGIC.length + VERSION_20.length + 2 + body.length;
  const length = short < LONG_FORM_BYTES ? u16(short) : [0, 0, ...u32(short + 4)];
  return Uint8Array.from([...MAGIC, ...VERSION_20, ...length, ...body]);
}

function writeIso2011(views: readonly FingerView[]): Uint8Array {
  const body = views.flatMap((view, at) => {
    const rest = representation(view, at);
    return [...u32(rest.length + 4), ...rest];
  });
  const total = MAGIC.length + VERSION_30.length + 4 + 3 + body.length;
  return Uint8Array.from([...MAGIC, ...VERSION_30, ...u32(total), ...u16(views.length), 0, ...body]);
}

function representation(view: FingerView, at: number): number[] {
  const technologyVendorModel = [0, 0, 0, 0, 0];
  const qualityRecords = [1, view.quality, 0, 0, 0, 0];
  return [
    ...UNKNOWN_TIME,
    ...technologyVendorModel,
    ...qualityRecords,
    view.position,
    at,
    ...u16(view.resolutionX),
    ...u16(view.resolutionY),
    view.impression,
    ...u16(view.width),
    ...u16(view.height),
    ENDING_TYPE_AND_SIZE,
    view.minutiae.length,
    ...view.minutiae.flatMap((minutia) => minutiaOf(minutia, isoAngle)),
    0,
    0,
  ];
}

/** No certification and an unknown capture device, then the image. */
function imageHeader(view: FingerView): number[] {
  return [0, 0, ...u16(view.width), ...u16(view.height), ...u16(view.resolutionX), ...u16(view.resolutionY)];
}

/** A view without extensions; several views of one finger are numbered by their place. */
function viewOf(view: FingerView, at: number, angle: (minutia: FingerMinutia) => number): number[] {
  return [
    view.position,
    (at << 4) | (view.impression & 15),
    view.quality,
    view.minutiae.length,
    ...view.minutiae.flatMap((minutia) => minutiaOf(minutia, angle)),
    0,
    0,
  ];
}

function minutiaOf(minutia: FingerMinutia, angle: (minutia: FingerMinutia) => number): number[] {
  return [...u16((minutia.type << 14) | minutia.x), ...u16(minutia.y), angle(minutia), minutia.quality];
}

function isoAngle(minutia: FingerMinutia): number {
  return minutia.angle;
}

function hasSameImage(a: FingerView, b: FingerView): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.resolutionX === b.resolutionX &&
    a.resolutionY === b.resolutionY
  );
}

function assertWritable(view: FingerView): void {
  const bytes = [view.position, view.quality];
  const words = [view.width, view.height, view.resolutionX, view.resolutionY];
  const isSound =
    bytes.every((value) => isWithin(value, 100)) &&
    isWithin(view.impression, 29) &&
    words.every((value) => isWithin(value, 0xffff)) &&
    view.minutiae.length <= FINGER_MINUTIAE_MAX;
  if (!isSound) throw invalid('has a value that the standard cannot hold');
  for (const { x, y, angle, quality } of view.minutiae) {
    const fits = isWithin(x, FINGER_COORDINATE_MAX) && isWithin(y, FINGER_COORDINATE_MAX);
    if (!fits || !isWithin(angle, 255) || !isWithin(quality, 100)) {
      throw invalid('has a minutia outside of what the standard can hold');
    }
  }
}

function isWithin(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

function u16(value: number): [number, number] {
  return [value >> 8, value & 255];
}

function u32(value: number): [number, number, number, number] {
  return [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function invalid(what: string): RollcallError {
  return new RollcallError('TEMPLATE_INVALID', `The finger record ${what}. Write it from a fresh capture`);
}
