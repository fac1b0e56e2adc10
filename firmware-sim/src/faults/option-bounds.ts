import * as z from 'zod';

/** The command line gives words, the control API numbers; both mean the same. */
export function wholeNumberSchema(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
    z.int().min(min).max(max),
  );
}

const FAULT_MS_MAX = 600_000;
const FAULT_FRAMES_MAX = 1_000;
const FRAME_BYTES_MAX = 4_096;

export const faultMsSchema = wholeNumberSchema(1, FAULT_MS_MAX);
export const framesSchema = wholeNumberSchema(1, FAULT_FRAMES_MAX).default(1);
/** A position in a frame, counted in bytes; beyond its end means after the last byte. */
export const byteIndexSchema = wholeNumberSchema(0, FRAME_BYTES_MAX);
export const seedSchema = wholeNumberSchema(0, 0xffffffff);
