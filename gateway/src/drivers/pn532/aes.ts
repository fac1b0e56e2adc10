import { createCipheriv, createDecipheriv } from 'node:crypto';

export const BLOCK_BYTES = 16;
/** Added when the top bit falls off while a subkey is made (RFC 4493 §2.3). */
const SUBKEY_CONSTANT = 0x87;
export const ZERO_BLOCK = new Uint8Array(BLOCK_BYTES);

/** AES-128-CBC without padding; `data` is whole blocks. */
export function encrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** AES-128-CBC without padding; `data` is whole blocks. */
export function decrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

export interface CmacOptions {
  /** Where the chain of blocks starts: zeros in RFC 4493, the last block of the message before in DESFire EV1. */
  iv?: Uint8Array;
  /** Messages shorter than this are filled up to it, as AN10922 does. */
  minBytes?: number;
}

/** CMAC of RFC 4493, all 16 bytes. */
export function cmac(key: Uint8Array, message: Uint8Array, options: CmacOptions = {}): Uint8Array {
  const { iv = ZERO_BLOCK, minBytes = BLOCK_BYTES } = options;
  const whole = doubled(encrypt(key, ZERO_BLOCK, ZERO_BLOCK));
  const isWhole = message.length >= minBytes && message.length % BLOCK_BYTES === 0;
  const total = Math.max(minBytes, Math.ceil(message.length / BLOCK_BYTES) * BLOCK_BYTES);
  const padded = new Uint8Array(total);
  padded.set(message);
  if (!isWhole) padded[message.length] = 0x80;
  const subkey = isWhole ? whole : doubled(whole);
  for (const [index, byte] of subkey.entries()) {
    const at = total - BLOCK_BYTES + index;
    padded[at] = (padded[at] ?? 0) ^ byte;
  }
  return encrypt(key, iv, padded).subarray(-BLOCK_BYTES);
}

/** The block shifted left by one bit, reduced in GF(2^128). */
function doubled(block: Uint8Array): Uint8Array {
  const shifted = Uint8Array.from(block, (byte, at) => (byte << 1) | ((block[at + 1] ?? 0) >> 7));
  if ((block[0] ?? 0) >= 0x80) shifted[BLOCK_BYTES - 1] = (shifted[BLOCK_BYTES - 1] ?? 0) ^ SUBKEY_CONSTANT;
  return shifted;
}

/** One byte to the left, the first to the end. */
export function rotated(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes.subarray(1), ...bytes.subarray(0, 1));
}

const DIVERSIFIED_MIN_BYTES = 32;

/**
 * The key of one card, made from the key of the campus (NXP AN10922 §2.2): a stolen card then gives away itself
 * alone.
 *
 * @param input UID, AID and the identifier of the campus, at most 31 bytes
 */
export function diversifiedKey(master: Uint8Array, input: Uint8Array): Uint8Array {
  return cmac(master, Uint8Array.of(0x01, ...input), { minBytes: DIVERSIFIED_MIN_BYTES });
}
