import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** HMAC-SHA-256 under one key, lower-case hex. */
export type HmacHex = (text: string) => string;

/**
 * HMAC-SHA-256 (RFC 2104 §2) as its two hashes, for a key that is no longer than a block. Every tap waits for it, and
 * an `Hmac` of Node is an object and a stream that is made anew for each.
 */
export function keyedHash(key: Uint8Array): HmacHex {
  const inner = padded(key, INNER_PAD);
  const outer = Buffer.concat([padded(key, OUTER_PAD), Buffer.alloc(DIGEST_BYTES)]);
  return (text) => {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    message.set(inner);
    message.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', message, 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha256', outer, 'hex');
  };
}

function padded(key: Uint8Array, pad: number): Buffer {
  return Buffer.from(Array.from({ length: BLOCK_BYTES }, (_, index) => (key[index] ?? 0) ^ pad));
}
