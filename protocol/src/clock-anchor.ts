import * as z from 'zod';
import { rowPositionSchema } from './punch.js';

export const ANCHOR_SOURCES = ['start', 'sync', 'hourly', 'step', 'stop'] as const;

/**
 * A pair of readings of both clocks, taken together (edge §4.2). `occurred_at` is the wall reading and
 * `clock_state` says whether it can be trusted: only `synced` anchors re-time punches.
 */
export const clockAnchorSchema = z.strictObject({
  ...rowPositionSchema.shape,
  source: z.enum(ANCHOR_SOURCES),
});

export type ClockAnchor = z.infer<typeof clockAnchorSchema>;
