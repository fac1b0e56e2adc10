import { hash } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Room for a text at the beginning: more than an access token takes. */
const TEXT_BYTES = 512;

/** HMAC-SHA-256 of a text under one key. */
export type KeyedHash = (text: string) => string;

/**
 * HMAC-SHA-256 (RFC 2104 §2) as its two hashes, for a key that is no longer than a block. Every scan waits for two of
 * them, and an `Hmac` of Node is an object and a stream that is made anew for each. The gateway has one of its own for
 * its taps: the protocol, which both share, knows no Node. Key and text lie in memory of their own.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function keyedHash(key: Uint8Array, encoding: 'hex' | 'base64url'): KeyedHash {
  if (key.length > BLOCK_BYTES) {
    throw new RollcallError(
      'KEY_INVALID',
      `A key of ${key.length} bytes is longer than the ${BLOCK_BYTES} bytes of a block; use a shorter one`,
    );
  }
  let inner = paddedBlock(key, INNER_PAD, TEXT_BYTES);
  const outer = paddedBlock(key, OUTER_PAD, DIGEST_BYTES);
  return (text) => {
    const end = BLOCK_BYTES + Buffer.byteLength(text);
    if (end > inner.length) inner = paddedBlock(key, INNER_PAD, end - BLOCK_BYTES);
    inner.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'binary');
    // A token is not to stay until the next one.
    inner.fill(0, BLOCK_BYTES, end);
    return hash('sha256', outer, encoding);
  };
}

/** The block that a hash begins with, and room for what follows it. */
function paddedBlock(key: Uint8Array, pad: number, roomBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + roomBytes);
  for (let index = 0; index < BLOCK_BYTES; index++) block[index] = (key[index] ?? 0) ^ pad;
  return block;
}
