import { RollcallError } from '@rollcall/protocol/errors';
import { decode, encode } from 'fast-png';
import { Unzlib } from 'fflate';
import { assertSize, DPI, DPI_MAX, DPI_MIN, type GreyImage, greyImage } from './grey-image.js';

/** Bytes of one PNG file; the largest allowed image does not need more, however badly it compresses. */
export const PNG_BYTES_MAX = 16 * 1024 * 1024;
/** Compressed bytes inflated at once, so that a bomb is noticed within a thousand times as much output. */
const INFLATE_STEP_BYTES = 4096;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const SIGNATURE_BYTES = SIGNATURE.length;
const CHUNK_OVERHEAD_BYTES = 12;
/** The chunks that make the picture. The others (profiles, texts, frames) could hide a second bomb. */
const NEEDED_CHUNKS = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'pHYs']);
/** Samples per pixel by PNG color type: grey, RGB, palette, grey + alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const METRES_PER_INCH = 0.0254;

interface Chunk {
  type: string;
  start: number;
  length: number;
}

/**
 * A PNG of any color type as grey. The resolution is, in this order, the given one, that of the pHYs chunk, 500.
 * Throws `IMAGE_INVALID`; never inflates more than the header announces.
 */
export function fromPng(bytes: Uint8Array, dpi?: number): GreyImage {
  if (bytes.length > PNG_BYTES_MAX) throw invalid(`is larger than ${PNG_BYTES_MAX} bytes`);
  if (SIGNATURE.some((value, at) => bytes[at] !== value)) throw invalid('does not start like a PNG');
  const chunks = readChunks(bytes);
  const rawBytes = announcedBytes(bytes, chunks);
  assertInflatesTo(bytes, chunks, rawBytes);
  const png = decodeOnly(bytes, chunks);
  const perMetre = png.resolution?.unit === 1 ? png.resolution.x * METRES_PER_INCH : undefined;
  const usable = perMetre !== undefined && perMetre >= DPI_MIN && perMetre <= DPI_MAX ? perMetre : DPI;
  return greyImage({
    width: png.width,
    height: png.height,
    dpi: dpi ?? Math.round(usable),
    pixels: toGrey(png),
  });
}

/** An RGB picture as PNG, for people to look at. */
export function toRgbPng(width: number, height: number, rgb: Uint8Array): Uint8Array {
  return encode({ width, height, data: rgb, depth: 8, channels: 3 });
}

function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; at + CHUNK_OVERHEAD_BYTES <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + CHUNK_OVERHEAD_BYTES + length > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (NEEDED_CHUNKS.has(type)) chunks.push({ type, start: at, length });
    if (type === 'IEND') return chunks;
    at += CHUNK_OVERHEAD_BYTES + length;
  }
  throw invalid('is cut off');
}

/** Bytes behind the compression: one filter byte per row, and for interlaced images rows of seven passes. */
function announcedBytes(bytes: Uint8Array, chunks: readonly Chunk[]): number {
  const header = chunks[0];
  if (header?.type !== 'IHDR' || header.length !== 13) throw invalid('has no header');
  const view = new DataView(bytes.buffer, bytes.byteOffset + header.start + 8, header.length);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  assertSize(width, height);
  const channels = CHANNELS[view.getUint8(9)];
  if (channels === undefined) throw invalid('has an unknown color type');
  const bitsPerPixel = channels * view.getUint8(8);
  const passes = view.getUint8(12) === 0 ? 1 : 7;
  return Math.ceil((width * bitsPerPixel) / 8 + 1) * height + passes * 2 * (width + height);
}

function assertInflatesTo(bytes: Uint8Array, chunks: readonly Chunk[], limitBytes: number): void {
  let total = 0;
  const inflate = new Unzlib((piece) => {
    total += piece.length;
  });
  const step = (data: Uint8Array, isLast: boolean): void => {
    try {
      inflate.push(data, isLast);
    } catch (cause) {
      throw invalid('does not inflate', cause);
    }
    if (total > limitBytes) throw invalid('inflates to more than its header says');
  };
  for (const { type, start, length } of chunks) {
    if (type !== 'IDAT') continue;
    for (let at = 0; at < length; at += INFLATE_STEP_BYTES) {
      step(bytes.slice(start + 8 + at, start + 8 + Math.min(length, at + INFLATE_STEP_BYTES)), false);
    }
  }
}

function decodeOnly(bytes: Uint8Array, chunks: readonly Chunk[]): ReturnType<typeof decode> {
  const kept = chunks.map(({ start, length }) =>
    bytes.subarray(start, start + CHUNK_OVERHEAD_BYTES + length),
  );
  const clean = new Uint8Array(kept.reduce((sum, part) => sum + part.length, SIGNATURE_BYTES));
  clean.set(SIGNATURE);
  let at = SIGNATURE_BYTES;
  for (const part of kept) {
    clean.set(part, at);
    at += part.length;
  }
  try {
    return decode(clean, { checkCrc: true });
  } catch (cause) {
    throw invalid('is damaged', cause);
  }
}

/** Luma of ITU-R BT.601 for colors; 16-bit samples keep their upper byte; alpha is ignored. */
function toGrey(png: ReturnType<typeof decode>): Uint8Array {
  const { width, height, channels, depth, data, palette } = png;
  const pixels = new Uint8Array(width * height);
  if (depth < 8) {
    const rowBytes = Math.ceil((width * depth) / 8);
    const mask = (1 << depth) - 1;
    for (let at = 0; at < pixels.length; at += 1) {
      const bit = (at % width) * depth;
      const byte = data[Math.floor(at / width) * rowBytes + (bit >> 3)]!;
      const value = (byte >> (8 - depth - (bit & 7))) & mask;
      pixels[at] =
        palette === undefined ? Math.round((value * 255) / mask) : luma(palette[value] ?? [0, 0, 0]);
    }
    return pixels;
  }
  const shift = depth - 8;
  for (let at = 0; at < pixels.length; at += 1) {
    const first = data[at * channels]! >> shift;
    if (palette !== undefined) pixels[at] = luma(palette[first] ?? [0, 0, 0]);
    else if (channels < 3) pixels[at] = first;
    else pixels[at] = luma([first, data[at * channels + 1]! >> shift, data[at * channels + 2]! >> shift]);
  }
  return pixels;
}

function luma(color: readonly number[]): number {
  return Math.round(0.299 * color[0]! + 0.587 * color[1]! + 0.114 * color[2]!);
}

function invalid(what: string, cause?: unknown): RollcallError {
  return new RollcallError('IMAGE_INVALID', `The PNG file ${what}. Export the image again`, { cause });
}
