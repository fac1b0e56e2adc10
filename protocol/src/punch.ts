import * as z from 'zod';
import { readHashSchema } from './credential-hash.js';
import { fingerPositionSchema } from './finger-position.js';
import { bootIdSchema, deviceIdSchema, instantSchema, seqSchema } from './ids.js';
import { uuidV7Schema } from './uuid-v7.js';

export const PUNCH_KINDS = ['card', 'finger', 'pin', 'face', 'password', 'claim'] as const;
export const CLOCK_STATES = ['synced', 'unsynced', 'stepped'] as const;
export const DIRECTION_HINTS = ['in', 'out'] as const;

export type PunchKind = (typeof PUNCH_KINDS)[number];
export type ClockState = (typeof CLOCK_STATES)[number];
export type DirectionHint = (typeof DIRECTION_HINTS)[number];

export const clockStateSchema = z.enum(CLOCK_STATES);

/** Student references are roll numbers or other campus keys; opaque to the gateway. */
export const studentRefSchema = z.string().min(1).max(64);

/** The position every outbox row has: identity within the store, and place in monotonic time. */
export const rowPositionSchema = z.strictObject({
  /** Gap-free within the store; identity is `(gateway_id, store_id, seq)`. */
  seq: seqSchema,
  boot_id: bootIdSchema,
  /** Milliseconds since the boot named by `boot_id`. */
  mono_ms: z.int().min(0),
  /** The gateway's best estimate, UTC; central may re-time it by an anchor. */
  occurred_at: instantSchema,
  clock_state: clockStateSchema,
});

/**
 * One raw, immutable credential event (design §5). `gateway_id` and `store_id` stand once in the batch.
 */
export const punchSchema = z
  .strictObject({
    ...rowPositionSchema.shape,
    punch_id: uuidV7Schema,
    device_id: deviceIdSchema,
    kind: z.enum(PUNCH_KINDS),
    /** How a terminal says it verified the person, in its own words (`fp`, `pin+card`). */
    verify_method: z.string().max(32).optional(),
    /** Keyed hashes of what the reader saw; present on every card punch, known or unknown. */
    credential: readHashSchema.optional(),
    /** Whom the gateway recognized; central resolves again by its own, effective-dated tables. */
    student: z
      .strictObject({
        student_ref: studentRefSchema,
        /** Meaning depends on the kind; for fingers −10·log10 of the false match rate. */
        score: z.number().optional(),
        /** By which finger; left out where that is not known, and for a central that does not ask for it. */
        finger_position: fingerPositionSchema.optional(),
      })
      .optional(),
    direction_hint: z.enum(DIRECTION_HINTS).optional(),
    /** The device's own wall clock, if it has one; untrusted. */
    device_time: instantSchema.optional(),
    /** Position in the device's own log, if it has one. */
    device_index: z.int().min(0).optional(),
  })
  .refine((punch) => punch.kind !== 'card' || punch.credential !== undefined || punch.student !== undefined, {
    path: ['credential'],
    message: 'a card punch must carry the keyed hashes of the card, or whom a terminal recognized by it',
  });

export type Punch = z.infer<typeof punchSchema>;
