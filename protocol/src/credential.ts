import {
  type CredentialProjectionHash,
  PROJECTIONS,
  type Projection,
  type ReadHash,
  TECHNOLOGIES,
  type Technology,
} from './credential-hash.js';
import { RollcallError } from './errors.js';
import { upperHex } from './upper-hex.js';

/**
 * What one reader saw of one card: at least one value. A reader that shows the whole number gives `full` and
 * everything derived from it; one that shows only a part (decimal wedge, 26-bit Wiegand) has no `full`.
 */
export interface CardRead {
  technology: Technology;
  values: Partial<Record<Projection, string>>;
}

interface Shape {
  /** Lengths in bytes that a number of this technology can have. */
  lengths: readonly number[];
  /** What these bytes are: the whole card, or only its lowest 32 or 24 bits. */
  strongest: Projection;
  /**
   * The length whose bytes, read as one big-endian integer, readers show as a 32-bit decimal. Longer numbers
   * of the technology have no derived projection at all.
   */
  numberLength?: number;
}

/**
 * `iso14443a` bytes stand in anticollision order, as the card sends them. The 32-bit number of a 4-byte UID
 * is its bytes read big-endian. UIDs of 7 and 10 bytes have only `full`: of those, readers with a 32-bit or
 * 26-bit output show the first four bytes, the last four, or the cascade tag and three bytes, and a wrong
 * guess is another person's card. Such a card is enrolled at the reader that will see it.
 *
 * `cardfile` is what the campus wrote into a part of the card that opens only with a key; its bytes mean what the
 * campus wants, so that nothing is derived from them.
 *
 * `wiegand34`, `wiegand35` and `wiegand37` are the payload bits without parity, right-justified.
 */
const SHAPES: Readonly<Record<Technology, Shape>> = {
  em4100: { lengths: [5], strongest: 'full', numberLength: 5 },
  iso14443a: { lengths: [4, 7, 10], strongest: 'full', numberLength: 4 },
  iso14443b: { lengths: [4], strongest: 'full', numberLength: 4 },
  felica: { lengths: [8], strongest: 'full' },
  iso15693: { lengths: [8], strongest: 'full' },
  uhf: { lengths: [8, 12, 16, 20, 24, 28, 32], strongest: 'full' },
  wiegand26: { lengths: [3], strongest: 'w26' },
  wiegand34: { lengths: [4], strongest: 'full', numberLength: 4 },
  wiegand35: { lengths: [4], strongest: 'full' },
  wiegand37: { lengths: [5], strongest: 'full' },
  number32: { lengths: [4], strongest: 'u32', numberLength: 4 },
  cardfile: { lengths: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], strongest: 'full' },
};

const CANONICAL = /^(?<technology>[a-z0-9]{1,16}):(?<number>[0-9A-F-]{1,64})$/;
const HEX_BYTES = /^(?:[0-9A-F]{2})+$/;
const WIEGAND26 = /^(?<facility>\d{3})-(?<card>\d{5})$/;
const MASKED_DIGITS = 4;
/** First byte of an answer that is continued (ISO/IEC 14443-3 §6.5.4): never the first byte of a whole 4-byte UID. */
const CASCADE_TAG = 0x88;

/**
 * The read of a whole number and everything that follows from it.
 *
 * The 32-bit number is the lowest four bytes and the 26-bit one the lowest three of these (facility = the
 * first of them, card = the other two, big-endian): for EM4100 what is printed on the card and what every
 * such reader sends. For 4-byte UIDs it is what a reader configured for big-endian sends; readers that send
 * the UID reversed exist, and a 26-bit output reversed drops a different byte, so that their reads do not
 * match: change the setting of the reader, or enroll at it.
 *
 * @param uidBytes big-endian; for iso14443a in anticollision order; for Wiegand the payload bits.
 * @throws RollcallError `CREDENTIAL_INVALID`
 */
export function cardRead(technology: Technology, uidBytes: Uint8Array): CardRead {
  const { strongest, numberLength } = checkedShape(technology, uidBytes);
  const values: CardRead['values'] = {};
  if (strongest === 'full') values.full = `${technology}:${upperHex(uidBytes)}`;
  if (uidBytes.length === numberLength) {
    const number = uidBytes.subarray(-4);
    // The whole card is more than zeros, but this part of it can be: then it is no number to match on.
    if (!isBlank(number)) values.u32 = `number32:${upperHex(number)}`;
  }
  if (uidBytes.length === numberLength || strongest === 'w26') {
    const payload = uidBytes.subarray(-3);
    if (!isBlank(payload)) values.w26 = formatWiegand26(payload);
  }
  return { technology, values };
}

/**
 * Reads a canonical form; only the exact form that {@link cardRead} writes, so that equal cards are equal text.
 *
 * @throws RollcallError `CREDENTIAL_INVALID`
 */
export function parseCanonical(text: string): CardRead {
  const groups = CANONICAL.exec(text)?.groups;
  const number = groups?.['number'] ?? '';
  const technology = TECHNOLOGIES.find((name) => name === groups?.['technology']);
  if (technology === undefined) {
    throw invalid(
      `A card is written as technology, colon and upper-case hex, for example iso14443a:04A1B2C3; the technologies are ${TECHNOLOGIES.join(', ')}`,
    );
  }
  return cardRead(
    technology,
    technology === 'wiegand26' ? parseWiegand26(number) : parseHex(technology, number),
  );
}

/** Keyed hashes of every projection, strongest first; the HMAC is injected, since this package has no key. */
export function hashRead(read: CardRead, hmacHex: (text: string) => string): ReadHash {
  const hashes: CredentialProjectionHash[] = [];
  for (const projection of PROJECTIONS) {
    const value = read.values[projection];
    if (value !== undefined) hashes.push({ projection, hash: hmacHex(value) });
  }
  return { technology: read.technology, hashes };
}

/** For people: the technology and the last four digits. Text that is no canonical form is not shown at all. */
export function maskCanonical(text: string): string {
  const groups = CANONICAL.exec(text)?.groups;
  const technology = TECHNOLOGIES.find((name) => name === groups?.['technology']);
  const number = groups?.['number'] ?? '';
  // A shorter number would be shown whole.
  if (technology === undefined || number.length <= MASKED_DIGITS) return '(no card number)';
  return `${technology}:…${number.slice(-MASKED_DIGITS)}`;
}

function checkedShape(technology: Technology, bytes: Uint8Array): Shape {
  const shape = SHAPES[technology];
  if (!shape.lengths.includes(bytes.length)) {
    const expected = shape.lengths.join(' or ');
    throw invalid(
      `A number of ${technology} has ${expected} bytes, not ${bytes.length}; print the whole number, two digits per byte`,
    );
  }
  if (isBlank(bytes)) {
    throw invalid(
      `The ${technology} number is all zeros or all ones, which no card has; check the wiring of the reader`,
    );
  }
  if (technology === 'iso14443a' && bytes.length === 4 && bytes[0] === CASCADE_TAG) {
    throw invalid(
      'The reader read only the first part of a longer UID, which many cards share; its firmware must read the whole UID of 7 or 10 bytes',
    );
  }
  return shape;
}

function parseHex(technology: Technology, hex: string): Uint8Array {
  if (!HEX_BYTES.test(hex)) {
    throw invalid(
      `The ${technology} number is not hex with two upper-case digits per byte; print two digits per byte`,
    );
  }
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

function parseWiegand26(number: string): Uint8Array {
  const groups = WIEGAND26.exec(number)?.groups;
  const facility = Number(groups?.['facility'] ?? Number.NaN);
  const card = Number(groups?.['card'] ?? Number.NaN);
  if (!(facility <= 0xff && card <= 0xffff)) {
    throw invalid(
      'A 26-bit number is written with three digits up to 255, a dash and five digits up to 65535, for example wiegand26:123-04567',
    );
  }
  return Uint8Array.of(facility, card >> 8, card & 0xff);
}

function formatWiegand26(payload: Uint8Array): string {
  const [facility = 0, high = 0, low = 0] = payload;
  return `wiegand26:${String(facility).padStart(3, '0')}-${String(high * 256 + low).padStart(5, '0')}`;
}

/** A dead data line reads as all zeros or all ones; such a read must never become a person (RDM6300 note §6). */
function isBlank(bytes: Uint8Array): boolean {
  const [first] = bytes;
  return (first === 0 || first === 0xff) && bytes.every((byte) => byte === first);
}

function invalid(message: string): RollcallError {
  return new RollcallError('CREDENTIAL_INVALID', message);
}
