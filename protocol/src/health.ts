import * as z from 'zod';
import { DEVICE_STATES, deviceProblemSchema } from './device-status.js';
import { bootIdSchema, contractVersionSchema, deviceIdSchema, instantSchema, storeIdSchema } from './ids.js';
import { clockStateSchema } from './punch.js';

export const HEALTH_INTERVAL_MS = 60_000;
const HEALTH_DEVICES_MAX = 256;

/** Of a gateway that compares fingers itself. */
const galleryHealthSchema = z.strictObject({
  /** `filling` after the start, `lost` until threads that ended run again; in both no finger is recognized. */
  state: z.enum(['filling', 'ready', 'lost']),
  templates: z.int().min(0),
  fingers: z.int().min(0),
});
export type GalleryHealth = z.infer<typeof galleryHealthSchema>;

/** `up/health`, retained, every 60 s and on change. The watermark of class sessions is derived from it. */
export const healthSchema = z.strictObject({
  v: contractVersionSchema,
  /** Everything the gateway saw before this instant is in its store at or below `head_seq`. */
  as_of: instantSchema,
  boot_id: bootIdSchema,
  software: z.string().max(32),
  uptime_s: z.number().min(0),
  clock_state: clockStateSchema,
  store_id: storeIdSchema,
  /** Highest seq written; 0 for an empty store. */
  head_seq: z.int().min(0),
  acked_seq: z.int().min(0),
  oldest_unacked_at: instantSchema.nullable(),
  /** Version of the roster in force, 0 without one; undefined of software that does not say so. It acknowledges what left the roster. */
  roster_version: z.int().min(0).optional(),
  /** Version of the newest roster whose fingerprint templates are all here; undefined where none are kept. */
  templates_version: z.int().min(0).optional(),
  /** Fingers that are compared on the gateway; undefined where none are. */
  gallery: galleryHealthSchema.optional(),
  level: z.enum(['ok', 'degraded', 'critical']),
  /** Codes of what is wrong, worst first. */
  problems: z.array(z.string().max(64)).max(32),
  disk: z.strictObject({
    free_bytes: z.number().min(0),
    total_bytes: z.number().min(0),
    /** Hours until the disk is full at the recent rate; null when it is not filling. */
    hours_left: z.number().min(0).nullable(),
  }),
  devices: z
    .array(
      z.strictObject({
        device_id: deviceIdSchema,
        state: z.enum(DEVICE_STATES),
        /** Why it is in that state, null where there is nothing to say; undefined of software that does not say so. */
        problem: deviceProblemSchema.nullable().optional(),
        /** A plain reader: `as_of`. A terminal: the time its drained log reaches. */
        complete_through: instantSchema.nullable(),
        last_frame_at: instantSchema.nullable(),
      }),
    )
    .max(HEALTH_DEVICES_MAX),
});

export type Health = z.infer<typeof healthSchema>;
