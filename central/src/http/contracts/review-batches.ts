import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { instant, keyFilter, named, uuid } from './fields.js';

/** Class sessions named in one decision. */
const SESSIONS_MAX = 500;

export const reviewBatchSchema = z.strictObject({
  id: z.guid(),
  gateway: named,
  opened_at: instant,
  closed_at: instant.nullable(),
  events: z.int().describe('Punches held, also those of no class'),
  first_at: instant.nullable(),
  last_at: instant.nullable(),
  sessions: z.int().describe('Class sessions concerned'),
  undecided: z.int().describe('Of them: those that nobody has decided; none of these is finalized meanwhile'),
  version: z.int(),
});

export const reviewBatchesQuery = z.strictObject({
  ...pageQuery,
  gateway: keyFilter.optional(),
  state: z.enum(['open', 'closed']).optional(),
});

export const reviewSessionSchema = z.strictObject({
  session_id: z.guid(),
  course: z.strictObject({ code: z.string(), title: z.string() }),
  room: named,
  start_at: instant,
  status: z.string(),
  events: z.int(),
  decision: z.enum(['accepted', 'refused']).nullable(),
  reason: z.string(),
  decided_at: instant.nullable(),
  decided_by: z.string().nullable(),
});

export const reviewSessionsQuery = z.strictObject(pageQuery);

export const decideBatchBody = z.strictObject({
  decision: z.enum(['accept', 'refuse']),
  reason: z.string().trim().min(3).max(255),
  session_ids: z
    .array(uuid)
    .min(1)
    .max(SESSIONS_MAX)
    .optional()
    .describe('Without it: everything undecided that you may decide'),
  version: z.int().min(1).optional().describe('As read; another one is refused as STALE'),
});

export const decidedBatchSchema = z.strictObject({ decided: z.int(), batch: reviewBatchSchema });
