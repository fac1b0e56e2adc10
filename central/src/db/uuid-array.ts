import type { ArrayItem } from './array-text.js';

const OID_UUID = 2950;
/** Number of dimensions, whether there are nulls, type; then the length of the only dimension and its first index. */
const HEADER_BYTES = 5 * 4;
const UUID_BYTES = 16;
/** Behind its length. */
const ITEM_BYTES = 4 + UUID_BYTES;
const UUID_CHARACTERS = 36;
const DASH = 0x2d;
const NO_DIGIT = 0xff;

/** By the code of the character. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const written = digit.toString(16);
  DIGITS[written.charCodeAt(0)] = digit;
  DIGITS[written.toUpperCase().charCodeAt(0)] = digit;
}

/**
 * An array of UUIDs as PostgreSQL sends and takes it in binary: reading their text costs it more than looking them up in an
 * array does, and every judgement asks a dozen times about the same classes and students.
 *
 * @returns undefined where one is no UUID as we write it: PostgreSQL may know how to read it, or what to say
 */
export function uuidArray(values: readonly ArrayItem[]): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + values.length * ITEM_BYTES);
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(0, 4);
  bytes.writeInt32BE(OID_UUID, 8);
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (typeof value !== 'string' || value.length !== UUID_CHARACTERS) return undefined;
    bytes.writeInt32BE(UUID_BYTES, at);
    if (!writeUuid(bytes, at + 4, value)) return undefined;
    at += ITEM_BYTES;
  }
  return bytes;
}

function writeUuid(bytes: Buffer, start: number, text: string): boolean {
  let character = 0;
  for (let index = 0; index < UUID_BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) {
      if (text.charCodeAt(character) !== DASH) return false;
      character += 1;
    }
    const high = DIGITS[text.charCodeAt(character)] ?? NO_DIGIT;
    const low = DIGITS[text.charCodeAt(character + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return false;
    bytes[start + index] = (high << 4) | low;
    character += 2;
  }
  return true;
}
