import * as z from 'zod';
import { enrollmentProgressSchema } from './enrollment.js';
import { fingerPositionSchema } from './finger-position.js';
import { deviceIdSchema, instantSchema, seqSchema, storeIdSchema } from './ids.js';
import { rowPositionSchema, studentRefSchema } from './punch.js';

/** Why a sensor refuses a finger whatever is enrolled. */
export const FINGER_REFUSALS = ['liveness'] as const;
export type FingerRefusal = (typeof FINGER_REFUSALS)[number];

/** What a gateway tells beside punches. Each type has its own data; an unknown type is a poison row. */
const eventDetailSchema = z.discriminatedUnion('type', [
  z.strictObject({
    /** The database was damaged and moved aside; this store took over from `previous_store_id`. */
    type: z.literal('store_replaced'),
    previous_store_id: storeIdSchema.nullable(),
    salvaged_rows: z.int().min(0),
    /** Rows of the lost store that were neither acknowledged nor salvaged; null when unknown. */
    lost_unacked_rows: z.int().min(0).nullable(),
  }),
  z
    .strictObject({
      /** Rows of this store that the gateway can no longer produce. They count as settled, and people see it. */
      type: z.literal('seq_lost'),
      from_seq: seqSchema,
      through_seq: seqSchema,
      reason: z.string().min(1).max(200),
    })
    .refine((lost) => lost.from_seq <= lost.through_seq, {
      path: ['through_seq'],
      message: 'must not be before from_seq',
    }),
  z.strictObject({ type: z.literal('store_full'), refused_taps: z.int().min(0) }),
  z.strictObject({
    type: z.literal('device_changed'),
    device_id: deviceIdSchema,
    state: z.string().min(1).max(32),
    code: z.string().max(64).optional(),
  }),
  z.strictObject({
    /** Lines of a terminal's log that could not be read; they lie in the gateway's store, for a person. */
    type: z.literal('log_lines_rejected'),
    device_id: deviceIdSchema,
    lines: z.int().min(1),
    reason: z.string().min(1).max(200),
  }),
  z.strictObject({
    /** A terminal overwrote or lost entries of its log before they were read: between these times, where known. */
    type: z.literal('log_gap'),
    device_id: deviceIdSchema,
    from: instantSchema.nullable(),
    through: instantSchema.nullable(),
    reason: z.string().min(1).max(200),
  }),
  z.strictObject({
    /** How far a terminal's clock is ahead (negative: behind). What it logged is corrected by that. */
    type: z.literal('device_clock_wrong'),
    device_id: deviceIdSchema,
    offset_ms: z.int(),
  }),
  z.strictObject({
    /** So many calls were refused within an hour beyond those of which `terminal_unknown` tells one by one. */
    type: z.literal('terminals_refused'),
    calls: z.int().min(1),
  }),
  z.strictObject({
    /** A sensor took what was laid on it for no living finger (domain case 117). Whose it was to be nobody knows. */
    type: z.literal('finger_refused'),
    device_id: deviceIdSchema,
    reason: z.enum(FINGER_REFUSALS),
  }),
  z.strictObject({
    /** Somebody calls the gateway with a serial number that is not configured, or from another address. */
    type: z.literal('terminal_unknown'),
    serial: z.string().min(1).max(32),
    address: z.string().min(1).max(64),
  }),
  z.strictObject({
    /** A finger was taken at a terminal's own keypad, and nobody had asked for it: it was not kept. */
    type: z.literal('terminal_finger_refused'),
    device_id: deviceIdSchema,
    /** User of the terminal. */
    user: z.string().regex(/^[\x21-\x7e]{1,24}$/),
    /** Null where no student is called like that. */
    student_ref: studentRefSchema.nullable(),
    finger_position: fingerPositionSchema,
    /** Whether the gateway has it deleted from the terminal. */
    deletes: z.boolean(),
  }),
  z.strictObject({
    /** A finger fits two people too well to choose (domain case 114): nobody was marked. */
    type: z.literal('finger_ambiguous'),
    device_id: deviceIdSchema,
    student_refs: z.array(studentRefSchema).length(2),
  }),
  z.strictObject({
    /** Somebody's fingers are being enrolled at this scanner. */
    type: z.literal('enrollment'),
    enrollment_id: z.guid(),
    device_id: deviceIdSchema,
    progress: enrollmentProgressSchema,
  }),
]);

/** An event shares the store's gap-free `seq` with punches and anchors (design §5). */
export const gatewayEventSchema = z.strictObject({
  ...rowPositionSchema.shape,
  detail: eventDetailSchema,
});

export type GatewayEvent = z.infer<typeof gatewayEventSchema>;
export type GatewayEventDetail = z.infer<typeof eventDetailSchema>;
