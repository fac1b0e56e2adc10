import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import type { Technology } from '@rollcall/protocol/credential-hash';
import { isRollcallError } from '@rollcall/protocol/errors';

/** What the bits of a card are: a Wiegand format by their number, or the whole number of a card. */
export type CardContent = 'wiegand' | 'em4100' | 'uid';

export type BitsResult =
  | { type: 'read'; read: CardRead }
  | { type: 'rejected'; reason: string; message: string };

/** Payloads by the bits that are left when one parity bit at each end was taken off by the reader. */
const WIEGAND_PAYLOADS: ReadonlyMap<number, { technology: Technology; bits: number }> = new Map([
  [24, { technology: 'wiegand26', bits: 24 }],
  [32, { technology: 'wiegand34', bits: 32 }],
  // Corporate 1000 has a second parity bit in front (pcProx note §3).
  [33, { technology: 'wiegand35', bits: 32 }],
  [35, { technology: 'wiegand37', bits: 35 }],
]);
const EM4100_BITS = 40;
const UID_BITS: readonly number[] = [32, 56];

/**
 * @param data up to eight bytes, the least significant first (pcProx note §3).
 * @param bits how many of them belong to the card.
 */
export function cardFromBits(
  data: Uint8Array,
  bits: number,
  { content, order }: { content: CardContent; order: 'be' | 'le' },
): BitsResult {
  const number = data.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (number >> BigInt(bits) !== 0n) {
    return rejected('bits', 'a card has more bits than the reader counted; hold it still');
  }
  if (content === 'em4100')
    return bits === EM4100_BITS ? read('em4100', bytesOf(number, 5)) : unexpected(bits, content);
  if (content === 'uid') {
    if (!UID_BITS.includes(bits)) return unexpected(bits, content);
    const uid = bytesOf(number, bits / 8);
    return read('iso14443a', order === 'le' ? uid.reverse() : uid);
  }
  const payload = WIEGAND_PAYLOADS.get(bits);
  if (payload === undefined) return unexpected(bits, content);
  const kept = number & ((1n << BigInt(payload.bits)) - 1n);
  return read(payload.technology, bytesOf(kept, Math.ceil(payload.bits / 8)));
}

function read(technology: Technology, bytes: Uint8Array): BitsResult {
  try {
    return { type: 'read', read: cardRead(technology, bytes) };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    return rejected('number', error.message);
  }
}

function unexpected(bits: number, content: CardContent): BitsResult {
  return rejected(
    'format',
    `a card has ${bits} bits, which is no number of the kind ${content}; set the option card, or ask the issuer for its format`,
  );
}

function rejected(reason: string, message: string): BitsResult {
  return { type: 'rejected', reason, message };
}

function bytesOf(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) =>
    Number((number >> BigInt(8 * (length - 1 - index))) & 0xffn),
  );
}
