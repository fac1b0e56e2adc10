import * as z from 'zod';
import { contractVersionSchema, gatewayIdSchema, seqSchema, storeIdSchema } from './ids.js';

/** Rows in one batch; a larger one is refused whole (edge §4.3 sends at most 50). */
export const BATCH_ROWS_MAX = 500;
/** Bytes of one signed batch, header included. */
export const BATCH_BYTES_MAX = 1024 * 1024;

/** The three outbox topics; each carries rows of one contract, all counted by one `seq`. */
export const BATCH_KINDS = ['punch', 'anchor', 'event'] as const;
export type BatchKind = (typeof BATCH_KINDS)[number];

/**
 * The body of `up/punch`, `up/anchor` and `up/event`. Rows are checked one by one afterwards: only `seq`
 * must be readable here, so that one poison row goes to quarantine and the others pass (design §5).
 */
export const batchSchema = z.strictObject({
  v: contractVersionSchema,
  gateway_id: gatewayIdSchema,
  store_id: storeIdSchema,
  rows: z
    .array(z.looseObject({ seq: seqSchema }))
    .min(1)
    .max(BATCH_ROWS_MAX),
});

export type Batch = z.infer<typeof batchSchema>;
