import { createHash } from 'node:crypto';

export const HASH_BYTES = 32;
const ID_BYTES = 8;
export const LEAF_BYTES = ID_BYTES + HASH_BYTES;
/** What the first seal of all follows. */
export const GENESIS = Buffer.alloc(HASH_BYTES);

/**
 * An audit row as the text that is hashed: every column, in a fixed order and form. A column that is added later
 * is not in it; one that is added here makes a new version of the seal.
 */
export const ROW_TEXT = `jsonb_build_array(a.id::text, a.transaction_id::text,
  to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), a.entity_type, a.entity_id, a.action, a.performed_by,
  a.source, a.reason, a.before, a.after, a.session_id, a.student_id, a.actor_role, a.ip_address, a.user_agent,
  a.request_id)::text`;

export interface Leaf {
  id: number;
  hash: Buffer;
}

export const leafOf = ({ id, text }: { id: number; text: string }): Leaf => ({
  id,
  hash: createHash('sha256').update(text, 'utf8').digest(),
});

export function encodeLeaves(leaves: readonly Leaf[]): Buffer {
  const bytes = Buffer.alloc(leaves.length * LEAF_BYTES);
  for (const [index, { id, hash }] of leaves.entries()) {
    bytes.writeBigInt64BE(BigInt(id), index * LEAF_BYTES);
    hash.copy(bytes, index * LEAF_BYTES + ID_BYTES);
  }
  return bytes;
}

export function* decodeLeaves(bytes: Buffer): Generator<Leaf> {
  for (let at = 0; at + LEAF_BYTES <= bytes.length; at += LEAF_BYTES) {
    yield { id: Number(bytes.readBigInt64BE(at)), hash: bytes.subarray(at + ID_BYTES, at + LEAF_BYTES) };
  }
}

export interface SealedRange {
  /** Campus-local. */
  day: string;
  /** Decimal. */
  throughTransaction: string;
  throughId: number;
  previousHash: Buffer;
  leaves: Buffer;
}

/** What the keyed hash of a seal covers. */
export const sealBytes = ({
  day,
  throughTransaction,
  throughId,
  previousHash,
  leaves,
}: SealedRange): Buffer =>
  Buffer.concat([
    Buffer.from(JSON.stringify(['rollcall audit seal', 1, day, throughTransaction, throughId]), 'utf8'),
    previousHash,
    leaves,
  ]);

/** What the keyed hash of a tombstone covers. */
export const tombstoneBytes = (sealId: number, removedIds: readonly number[], beforeDay: string): Buffer =>
  Buffer.from(JSON.stringify(['rollcall audit tombstone', 1, sealId, removedIds, beforeDay]), 'utf8');
