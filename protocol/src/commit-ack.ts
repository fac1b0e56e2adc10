import * as z from 'zod';
import { contractVersionSchema, seqSchema, storeIdSchema } from './ids.js';

/** Rejected rows listed in one ack; more of them are listed by the next one. */
export const ACK_REJECTED_MAX = 500;

/**
 * `down/ack`, sent after the commit in PostgreSQL. `through_seq` is the highest seq up to which every row of
 * the store is committed or quarantined; 0 when the first row is still missing (design §5).
 */
export const commitAckSchema = z.strictObject({
  v: contractVersionSchema,
  store_id: storeIdSchema,
  through_seq: z.int().min(0),
  /** Rows that went to quarantine: settled, so they may be forgotten, but they made no mark. */
  rejected: z
    .array(z.strictObject({ seq: seqSchema, code: z.string().min(1).max(64) }))
    .max(ACK_REJECTED_MAX),
});

export type CommitAck = z.infer<typeof commitAckSchema>;
