import { type CardRead, cardRead, parseCanonical } from './credential.js';
import { PROJECTIONS, type Technology } from './credential-hash.js';
import { RollcallError } from './errors.js';

/**
 * How a number can be written on a card or a leaflet (RDM6300 note §3). `uid_…_be` is the UID in anticollision
 * order, `uid_…_le` the same bytes reversed; `uid_decimal_bcc` is a UID followed by its check byte.
 */
export const PRINTED_FORMS = [
  '10H',
  '8H',
  '6H',
  '8H10D',
  '10H13D',
  '10H12D',
  '6H8D',
  '2H.4H',
  '4H.4H',
  'wiegand_8_digit',
  'uid_hex_be',
  'uid_hex_le',
  'uid_decimal_be',
  'uid_decimal_le',
  'uid_decimal_bcc',
] as const;
export type PrintedForm = (typeof PRINTED_FORMS)[number];

export interface PrintedInterpretation {
  form: PrintedForm;
  read: CardRead;
  /** The strongest canonical form of the read. */
  canonical: string;
  /** True for exactly one: the one to propose first. A human confirms it. */
  preferred: boolean;
}

export interface PrintedOptions {
  /**
   * Set where the text is known to be the UID of an ISO 14443 A card: the order of its bytes, `be` as the card
   * sends them. Without it the reading that fits both kinds of card is preferred.
   */
  uidOrder?: 'be' | 'le';
}

type Candidate = Omit<PrintedInterpretation, 'preferred'>;

/** Longer input is no card number; checked before any expression runs over it. */
const PRINTED_LENGTH_MAX = 64;
const UINT24_MAX = 0xff_ffffn;
const UINT32_MAX = 0xffff_ffffn;
const UINT40_MAX = 0xff_ffff_ffffn;
const PAIR = /^(?<left>\d{1,5})\s*[,.:-]\s*(?<right>\d{5})$/;
const BOTH_NUMBERS = /^(?<number>\d{8,10})\s+(?<pair>\d{3}[,.:-]\d{5})$/;
const SEPARATED_BYTES = /^(?:0x)?[0-9a-f]{2}(?:[ :,-]+(?:0x)?[0-9a-f]{2})+$/i;

/**
 * Every card that the text can stand for, the preferred one first. Several of them may be the same card.
 *
 * Digits are read as decimal before hex. Up to 2^24 eight digits are 6H8D, which claims only the 24 bits that
 * 8H10D would give too; above, and with ten digits, 8H10D wins (RDM6300 note §3).
 *
 * @throws RollcallError `CREDENTIAL_INVALID` when there is none; the message does not repeat the text.
 */
export function interpretPrinted(text: string, options: PrintedOptions = {}): PrintedInterpretation[] {
  const trimmed = text.trim();
  const candidates = trimmed.length > PRINTED_LENGTH_MAX ? [] : candidatesOf(trimmed);
  const [first, ...rest] = rank(candidates, options);
  if (first === undefined) {
    throw new RollcallError(
      'CREDENTIAL_INVALID',
      'This is no number that cards carry; type it as printed, leading zeros included, for example 0040856634, 111,27706, 01026F6C3A or 04:A1:B2:C3',
    );
  }
  return [{ ...first, preferred: true }, ...rest.map((candidate) => ({ ...candidate, preferred: false }))];
}

/** What can be printed on an EM4100 card, for display. */
export type Em4100Form = Exclude<PrintedForm, '6H' | `uid_${string}`>;

/** @throws RollcallError `CREDENTIAL_INVALID` for anything but a whole EM4100 number in canonical form. */
export function printedForms(canonical: string): Record<Em4100Form, string> {
  const { technology } = parseCanonical(canonical);
  if (technology !== 'em4100') {
    throw new RollcallError(
      'CREDENTIAL_INVALID',
      `Printed forms exist for em4100 only, not for ${technology}`,
    );
  }
  const hex = canonical.slice('em4100:'.length);
  const whole = BigInt(`0x${hex}`);
  const facility = (whole >> 16n) & 0xffn;
  const card = whole & 0xffffn;
  const digits = (value: bigint, length: number): string => value.toString().padStart(length, '0');
  return {
    '10H': hex,
    '8H': hex.slice(2),
    '8H10D': digits(whole & UINT32_MAX, 10),
    '10H13D': digits(whole, 13),
    '10H12D': digits(whole, 12),
    '6H8D': digits(whole & UINT24_MAX, 8),
    '2H.4H': `${digits(facility, 3)},${digits(card, 5)}`,
    '4H.4H': `${digits((whole >> 16n) & 0xffffn, 5)},${digits(card, 5)}`,
    wiegand_8_digit: digits(facility * 100_000n + card, 8),
  };
}

function candidatesOf(text: string): Candidate[] {
  const both = BOTH_NUMBERS.exec(text)?.groups;
  if (both !== undefined) return agreeing(both['number'] ?? '', both['pair'] ?? '');
  const pair = PAIR.exec(text)?.groups;
  if (pair !== undefined) return fromPair(pair['left'] ?? '', pair['right'] ?? '');
  if (SEPARATED_BYTES.test(text)) return fromHex(text.replaceAll(/0x|[ :,-]/gi, ''));
  return [...fromDecimal(text), ...fromHex(text)];
}

/** White cards carry 8H10D and 2H.4H side by side: the longer one counts, and both must name one card. */
function agreeing(number: string, pair: string): Candidate[] {
  const [projection] = candidatesOf(pair);
  return fromDecimal(number).filter(
    ({ form, read }) => (form === '8H10D' || form === '6H8D') && read.values.w26 === projection?.canonical,
  );
}

function fromPair(left: string, right: string): Candidate[] {
  const high = BigInt(left);
  const low = BigInt(right);
  if (low > 0xffffn) return [];
  if (left.length <= 3) return high > 0xffn ? [] : candidate('2H.4H', 'wiegand26', (high << 16n) | low, 3);
  return high > 0xffffn ? [] : candidate('4H.4H', 'number32', (high << 16n) | low, 4);
}

function fromDecimal(text: string): Candidate[] {
  if (!/^\d{6,13}$/.test(text)) return [];
  const value = BigInt(text);
  if (text.length >= 12) return value > UINT40_MAX ? [] : fromFiveByteNumber(text, value);
  if (value > UINT32_MAX) return [];
  const short = text.length <= 8 && value <= UINT24_MAX ? candidate('6H8D', 'wiegand26', value, 3) : [];
  const facility = value / 100_000n;
  const card = value % 100_000n;
  const isWiegand8 = text.length === 8 && facility <= 0xffn && card <= 0xffffn;
  return [
    ...short,
    ...candidate('8H10D', 'number32', value, 4),
    ...(isWiegand8 ? candidate('wiegand_8_digit', 'wiegand26', (facility << 16n) | card, 3) : []),
    ...candidate('uid_decimal_be', 'iso14443a', value, 4),
    ...candidate('uid_decimal_le', 'iso14443a', reversed(value, 4), 4),
  ];
}

function fromFiveByteNumber(text: string, value: bigint): Candidate[] {
  const form = text.length === 12 ? '10H12D' : '10H13D';
  // UID and check byte in one number (line protocol note §3): the XOR over all five bytes is then zero.
  const hasCheckByte = bytesOf(value, 5).reduce((xor, byte) => xor ^ byte, 0) === 0;
  return [
    ...candidate(form, 'em4100', value, 5),
    ...(hasCheckByte ? candidate('uid_decimal_bcc', 'iso14443a', value >> 8n, 4) : []),
  ];
}

function fromHex(text: string): Candidate[] {
  const hex = text.replace(/^0x/i, '');
  if (!/^[0-9a-f]+$/i.test(hex) || hex.length % 2 !== 0) return [];
  const value = BigInt(`0x${hex}`);
  const length = hex.length / 2;
  switch (length) {
    case 3:
      return candidate('6H', 'wiegand26', value, 3);
    case 5:
      return candidate('10H', 'em4100', value, 5);
    case 4:
      return [...candidate('8H', 'number32', value, 4), ...fromUidHex(value, length)];
    default:
      return fromUidHex(value, length);
  }
}

function fromUidHex(value: bigint, length: number): Candidate[] {
  return [
    ...candidate('uid_hex_be', 'iso14443a', value, length),
    ...candidate('uid_hex_le', 'iso14443a', reversed(value, length), length),
  ];
}

/** One interpretation, or none where no such card can exist. */
function candidate(form: PrintedForm, technology: Technology, value: bigint, length: number): Candidate[] {
  try {
    const read = cardRead(technology, bytesOf(value, length));
    const strongest = PROJECTIONS.find((projection) => read.values[projection] !== undefined) ?? 'full';
    return [{ form, read, canonical: read.values[strongest] ?? '' }];
  } catch (error) {
    if (error instanceof RollcallError && error.code === 'CREDENTIAL_INVALID') return [];
    throw error;
  }
}

/** Moves the UID in the named byte order to the front; without a name the candidates stay as they are. */
function rank(candidates: readonly Candidate[], { uidOrder }: PrintedOptions): readonly Candidate[] {
  if (uidOrder === undefined) return candidates;
  const otherOrder = uidOrder === 'be' ? '_le' : '_be';
  const named = candidates.find(({ form }) => form.startsWith('uid_') && !form.endsWith(otherOrder));
  return named === undefined ? candidates : [named, ...candidates.filter((other) => other !== named)];
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) =>
    Number((value >> BigInt((length - 1 - index) * 8)) & 0xffn),
  );
}

function reversed(value: bigint, length: number): bigint {
  return bytesOf(value, length).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
