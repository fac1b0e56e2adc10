import { DEVICE_STATES } from '@rollcall/protocol/device-status';
import { gatewayIdSchema } from '@rollcall/protocol/ids';
import { CLOCK_STATES } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { flagFilter, instant, keyFilter, named } from './fields.js';

const deviceState = z
  .enum(DEVICE_STATES)
  .nullable()
  .describe('As the gateway reported it; null before the first report');

export const gatewaySchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  building: named,
  state: z
    .enum(['online', 'offline', 'never'])
    .describe('offline: it said so, its last will did, or it has not been heard for some minutes'),
  revoked_at: instant.nullable().describe('Stolen or lost: its keys and its login are worthless'),
  suspended_at: instant.nullable().describe('Two machines use its identity: its punches wait for a person'),
  last_seen_at: instant.nullable(),
  health_at: instant.nullable(),
  level: z.enum(['ok', 'degraded', 'critical']).nullable(),
  problems: z.array(z.string()),
  queue_depth: z.int().nullable().describe('Rows that the gateway has and central has not acknowledged'),
  head_seq: z.int().nullable(),
  acked_seq: z.int().nullable(),
  clock_state: z.enum(CLOCK_STATES).nullable(),
  hours_left: z.number().nullable(),
  software: z.string().nullable(),
  roster_version: z
    .int()
    .describe('Of the roster that the gateway says is in force there; 0: it has not said'),
  newest_roster_version: z.int().describe('Of the roster that it is offered; 0: none yet'),
  templates_to_remove: z
    .int()
    .describe('Fingerprint templates whose removal the gateway has not acknowledged'),
  devices: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      room_id: z.string().nullable(),
      state: deviceState,
      last_frame_at: z.string().nullable(),
    }),
  ),
});
export type GatewayItem = z.infer<typeof gatewaySchema>;

export const gatewayActBody = z.strictObject({ reason: z.string().trim().min(3).max(255) });

export const gatewaysQuery = z.strictObject({ ...pageQuery, building: keyFilter.optional() });

export const deviceSchema = z.strictObject({
  id: z.string(),
  gateway_id: z.string(),
  name: z.string(),
  type: z.string(),
  driver: z.string(),
  room: named.nullable(),
  direction: z.enum(['in', 'out', 'both']),
  status: z.enum(['active', 'inactive', 'maintenance', 'error']),
  is_enabled: z.boolean(),
  last_seen_at: instant.nullable(),
  complete_through: instant.nullable().describe('Everything the device saw before this instant is committed'),
  state: deviceState,
  problem: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  counters: z.record(z.string(), z.int()),
});

export const devicesQuery = z.strictObject({
  ...pageQuery,
  gateway: keyFilter.optional(),
  room: keyFilter.optional(),
  enabled: flagFilter.optional(),
});

export const quarantineItemSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['row', 'message']),
  gateway_id: z.string().nullable().describe('Of a message only claimed: nobody proved it'),
  store_id: z.guid().nullable(),
  seq: z.int().nullable(),
  code: z.string(),
  problem: z.string(),
  received_at: instant,
  resolved_at: instant.nullable(),
});

export const quarantineQuery = z.strictObject({
  ...pageQuery,
  gateway: keyFilter.optional(),
  code: z.string().max(64).optional(),
});

export const rosterParams = z.strictObject({
  id: gatewayIdSchema,
  version: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'must be the number from the roster pointer')
    .transform(Number),
});
