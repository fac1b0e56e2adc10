import { type CardRead, cardRead } from './credential.js';
import type { Technology } from './credential-hash.js';
import { isRollcallError } from './errors.js';

/**
 * Wiegand frames as data, however they arrive: OSDP RAW or a serial bridge. Bit 0 is the first on the wire and the
 * most significant (Wiegand note §2; its tables are those of proxmark3's `wiegand_formats.c`).
 *
 * A length does not name a format: H10301 and Indala share 26 bits, H10306, BQT and UID outputs 34, H10302 and
 * H10304 37. They differ only in how their payload falls apart into facility and card, and agree on the payload and
 * its parity, so that the payload is the identity. Parity is weak (two wrong bits in one half pass): it tells a bad
 * line from a good one, never a true card from a false one.
 */
interface Format {
  technology: Technology;
  /** First and last payload bit. */
  payload: readonly [first: number, last: number];
  parities: readonly Parity[];
}

interface Parity {
  bit: number;
  /** Whether the ones of this bit and of those it covers are an even number. */
  isEven: boolean;
  covers: readonly number[];
}

const span = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Bits in pairs, every third one left out. */
const pairsFrom = (first: number): number[] => span(0, 10).flatMap((n) => [first + 3 * n, first + 3 * n + 1]);

const halves = (bits: number, leftEnd: number, rightStart: number): Parity[] => [
  { bit: 0, isEven: true, covers: span(1, leftEnd) },
  { bit: bits - 1, isEven: false, covers: span(rightStart, bits - 2) },
];

const FORMATS: ReadonlyMap<number, Format> = new Map([
  [26, { technology: 'wiegand26', payload: [1, 24], parities: halves(26, 12, 13) }],
  [34, { technology: 'wiegand34', payload: [1, 32], parities: halves(34, 16, 17) }],
  [
    // HID Corporate 1000.
    35,
    {
      technology: 'wiegand35',
      payload: [2, 33],
      parities: [
        { bit: 1, isEven: true, covers: pairsFrom(2) },
        { bit: 34, isEven: false, covers: pairsFrom(1) },
        { bit: 0, isEven: false, covers: span(1, 34) },
      ],
    },
  ],
  // The middle bit is in both halves.
  [37, { technology: 'wiegand37', payload: [1, 35], parities: halves(37, 18, 18) }],
]);

export const WIEGAND_LENGTHS: readonly number[] = [...FORMATS.keys()];

/** Payloads that bridges send without their parity, in bits; 32 could be of 35 bits too, and never is. */
const LENGTH_BY_PAYLOAD: ReadonlyMap<number, number> = new Map([
  [24, 26],
  [32, 34],
]);

export type WiegandResult =
  | { type: 'card'; read: CardRead }
  /** `length`: no known format. `parity`: a bit was lost. `number`: what no card can have. */
  | { type: 'rejected'; reason: 'length' | 'parity' | 'number' };

export interface WiegandOptions {
  /** `le` for 34-bit outputs that send the UID of a card with its last byte first. */
  uidOrder?: 'be' | 'le';
}

/** Reads one frame written as `0` and `1`, parity included. */
export function readWiegand(bits: string, options: WiegandOptions = {}): WiegandResult {
  const format = FORMATS.get(bits.length);
  if (format === undefined) return { type: 'rejected', reason: 'length' };
  const isRight = ({ bit, isEven, covers }: Parity): boolean => {
    const ones = [bit, ...covers].filter((index) => bits[index] === '1').length;
    return (ones % 2 === 0) === isEven;
  };
  if (!format.parities.every(isRight)) return { type: 'rejected', reason: 'parity' };
  const [first, last] = format.payload;
  return toCard(format.technology, bits.slice(first, last + 1), options);
}

/** Reads the payload alone, as bridges send it that check the parity themselves; nothing can check it again. */
export function readWiegandPayload(bits: string, options: WiegandOptions = {}): WiegandResult {
  const format = FORMATS.get(LENGTH_BY_PAYLOAD.get(bits.length) ?? 0);
  if (format === undefined) return { type: 'rejected', reason: 'length' };
  return toCard(format.technology, bits, options);
}

/** The first `count` bits of bytes, most significant first, as OSDP packs them: left-justified. */
export function bitsOf(bytes: Uint8Array, count: number): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, count);
}

function toCard(technology: Technology, bits: string, { uidOrder = 'be' }: WiegandOptions): WiegandResult {
  const bytes = bytesOfNumber(bits);
  if (technology === 'wiegand34' && uidOrder === 'le') bytes.reverse();
  try {
    return { type: 'card', read: cardRead(technology, bytes) };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    return { type: 'rejected', reason: 'number' };
  }
}

/** Right-justified: zeros in front fill the first byte. */
function bytesOfNumber(bits: string): Uint8Array {
  const count = Math.ceil(bits.length / 8);
  const padded = bits.padStart(count * 8, '0');
  return Uint8Array.from({ length: count }, (_, index) =>
    Number.parseInt(padded.slice(index * 8, index * 8 + 8), 2),
  );
}
