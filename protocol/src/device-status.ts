import * as z from 'zod';
import { contractVersionSchema, deviceIdSchema, instantSchema } from './ids.js';

/** States of the supervisor (edge §4.6). */
export const DEVICE_STATES = [
  'absent',
  'opening',
  'probing',
  'ready',
  'degraded',
  'closing',
  'blocked',
] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

export const DEVICE_COUNTERS = [
  'frames_ok',
  'frames_bad_checksum',
  'bytes_discarded',
  'resyncs',
  'reconnects',
  'timeouts',
  'merged',
  'lights_lost',
] as const;
export type DeviceCounter = (typeof DEVICE_COUNTERS)[number];

const countersSchema = z.record(z.enum(DEVICE_COUNTERS), z.int().min(0));
/** Why a device is not ready, for a human; the code is one of the error codes. */
export const deviceProblemSchema = z.strictObject({ code: z.string().max(64), message: z.string().max(500) });

export type DeviceCounters = z.infer<typeof countersSchema>;

/** `up/device/<id>/status`, retained. */
export const deviceStatusSchema = z.strictObject({
  v: contractVersionSchema,
  device_id: deviceIdSchema,
  driver: z.string().max(32),
  state: z.enum(DEVICE_STATES),
  since: instantSchema,
  last_frame_at: instantSchema.nullable(),
  problem: deviceProblemSchema.nullable(),
  counters: countersSchema,
});

export type DeviceStatus = z.infer<typeof deviceStatusSchema>;
