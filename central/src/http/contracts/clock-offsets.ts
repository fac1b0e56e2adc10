import { gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { instant } from './fields.js';
import { recomputeSchema } from './recompute.js';

/** A month either way: more is no wrong clock but one that was never set. */
const OFFSET_MAX_MS = 31 * 86_400_000;

export const gatewayParams = z.strictObject({ id: gatewayIdSchema });

export const clockOffsetSchema = z.strictObject({
  id: z.guid(),
  offset_ms: z.int().describe('Positive: the clock was ahead'),
  source: z.enum(['heartbeat', 'person']),
  from: instant
    .nullable()
    .describe("In the gateway's own wall time; null of measured ones, which hold for a boot"),
  until: instant.nullable(),
  boot_id: z.guid().nullable(),
  is_current: z.boolean(),
  reason: z.string(),
  set_at: instant,
  set_by: z.string().nullable(),
});

export const clockOffsetsQuery = z.strictObject(pageQuery);

export const clockOffsetBody = z.strictObject({
  from: instant.describe("In the gateway's own wall time"),
  until: instant.nullable().default(null).describe('null: from then on'),
  offset_ms: z.int().min(-OFFSET_MAX_MS).max(OFFSET_MAX_MS).describe('0 takes back what was measured'),
  reason: z.string().trim().min(3).max(255),
  apply: z.boolean().default(false).describe('False: only says what would change'),
});

export const clockOffsetResultSchema = recomputeSchema
  .pick({ applied: true, changes: true, crossing: true })
  .extend({ punches: z.int().describe('Punches that get another time') });
