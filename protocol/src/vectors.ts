import * as z from 'zod';
import { parseCanonical } from './credential.js';
import { RollcallError } from './errors.js';
import { fingerPositionSchema } from './finger-position.js';
import { FINGER_REFUSALS } from './gateway-event.js';
import { instantSchema } from './ids.js';
import { parseValue } from './parse.js';
import { PUNCH_KINDS } from './punch.js';
import { templateFormatSchema } from './template-transfer.js';

const CHUNK_PATTERN = /^(?:[0-9A-F]{2}(?: [0-9A-F]{2})*)?$/;

const expectationSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('card'),
    /** Strongest canonical form of what is read. */
    canonical: z.string().refine(isCanonical, 'must be the canonical form of a card'),
    /** True where the wire format has a check value and the device left it out. */
    unverified: z.literal(true).optional(),
  }),
  z.strictObject({
    /** One entry of a terminal's own log that was kept. */
    type: z.literal('log'),
    user: z.string().min(1).max(32),
    device_time: instantSchema,
    kind: z.enum(PUNCH_KINDS),
  }),
  /** A finger that the sensor itself recognized; `score` where it tells one. */
  z.strictObject({
    type: z.literal('finger'),
    slot: z.int().min(0).max(65_535),
    score: z.int().min(0).max(65_535).optional(),
  }),
  z.strictObject({
    type: z.literal('finger_image'),
    width: z.int().min(1).max(4_096),
    height: z.int().min(1).max(4_096),
  }),
  /** A record that the device made itself; what is in it says its length only. */
  z.strictObject({ type: z.literal('finger_template'), bytes: z.int().min(1).max(65_536) }),
  z.strictObject({
    /** A finger that a terminal brought of its own; what is in it says its length only. */
    type: z.literal('terminal_finger'),
    user: z.string().min(1).max(24),
    finger_position: fingerPositionSchema,
    format: templateFormatSchema,
    bytes: z.int().min(1).max(65_536),
  }),
  z.strictObject({ type: z.literal('finger_unknown') }),
  z.strictObject({ type: z.literal('finger_refused'), reason: z.enum(FINGER_REFUSALS) }),
  z.strictObject({ type: z.literal('rejected'), reason: z.string().regex(/^[a-z][a-z_]{1,31}$/) }),
]);
export type VectorExpectation = z.infer<typeof expectationSchema>;

const hexSchema = z.string().regex(CHUNK_PATTERN, 'must be upper-case hex bytes with one blank between');

/** One step of a conversation, from the opening of the connection on. */
const dialogStepSchema = z.union([
  /** Exactly these bytes are written to the device next. */
  z.strictObject({ host: hexSchema }),
  /** The device sends these in one read. */
  z.strictObject({ device: hexSchema }),
  z.strictObject({ wait_ms: z.int().min(1).max(60_000) }),
]);
export type DialogStep = z.infer<typeof dialogStepSchema>;

const vectorSchema = z
  .strictObject({
    name: z.string().min(1).max(120),
    /** Where the bytes come from, so that a doubt about them can be settled. */
    provenance: z.string().min(1).max(300),
    /** Of a device that only talks: bytes as they arrive, one string a read, `02 30 43`. */
    chunks_hex: z.array(hexSchema).min(1).max(64).optional(),
    /** Of a device that is asked: both sides, the questions of the start included. */
    dialog: z.array(dialogStepSchema).min(1).max(512).optional(),
    /** What the driver draws from the random generator, in order: challenges of secure readers. */
    random_hex: hexSchema.optional(),
    /** What every secret file that the options name holds, as text. */
    secret: z.string().max(256).optional(),
    /** Options of the driver, as in the configuration file. */
    options: z.record(z.string(), z.unknown()).optional(),
    /** By UDP: each question and each read is one datagram, which comes whole or not at all. */
    datagrams: z.literal(true).optional(),
    /** Milliseconds from one chunk to the next; 0 when absent. */
    gap_ms: z.int().min(1).max(60_000).optional(),
    /**
     * What was read and refused, in order, repeated refusals once ({@link collapseRejections}). Anything else a
     * driver says is not part of a vector.
     */
    expect: z.array(expectationSchema).max(64),
  })
  .refine((vector) => (vector.chunks_hex === undefined) !== (vector.dialog === undefined), {
    message: 'must have either chunks_hex or dialog',
  });
export type Vector = z.infer<typeof vectorSchema>;

/** `vectors/<driver>.json`: what a device really sends, and what has to be understood. */
const vectorFileSchema = z.strictObject({
  driver: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
  source: z.string().min(1).max(500),
  vectors: z
    .array(vectorSchema)
    .min(1)
    .refine(
      (vectors) => new Set(vectors.map(({ name }) => name)).size === vectors.length,
      'names must differ',
    ),
});
export type VectorFile = z.infer<typeof vectorFileSchema>;

/** @throws RollcallError `MESSAGE_INVALID` naming every wrong path. */
export function parseVectorFile(document: unknown): VectorFile {
  return parseValue(vectorFileSchema, document, 'MESSAGE_INVALID', 'The vector file');
}

/** The reads of a vector as bytes; of a dialog, what the device says. */
export function chunksOf({ chunks_hex, dialog }: Pick<Vector, 'chunks_hex' | 'dialog'>): Uint8Array[] {
  const reads = chunks_hex ?? dialog?.flatMap((step) => ('device' in step ? [step.device] : [])) ?? [];
  return reads.map(bytesOf);
}

/** Bytes written as `02 30 43`. */
export function bytesOf(text: string): Uint8Array {
  return text === ''
    ? new Uint8Array()
    : Uint8Array.from(text.split(' '), (pair) => Number.parseInt(pair, 16));
}

/**
 * Drops every refusal that repeats the one before it: into how many refusals a stretch of noise falls depends on
 * how the bytes were split, and only what does not depend on that is ground truth.
 */
export function collapseRejections<T extends { type: string; reason?: string }>(events: readonly T[]): T[] {
  return events.filter((event, index) => {
    const before = events[index - 1];
    return !(event.type === 'rejected' && before?.type === 'rejected' && before.reason === event.reason);
  });
}

function isCanonical(text: string): boolean {
  try {
    parseCanonical(text);
    return true;
  } catch (error) {
    if (error instanceof RollcallError) return false;
    throw error;
  }
}
