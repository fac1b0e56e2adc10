import type { Target } from './card.js';

/** What InListPassiveTarget is asked for, by kind of card (PN532 note §4): number of the kind, and what is sent to find it. */
export const SEARCHES = {
  a: { technology: 'iso14443a', kind: 0x00, data: [] },
  /** Every application family. */
  b: { technology: 'iso14443b', kind: 0x03, data: [0x00] },
  /** Polling of every system at 212 kbit/s, with its code, in one time slot. */
  felica: { technology: 'felica', kind: 0x01, data: [0x00, 0xff, 0xff, 0x01, 0x00] },
} as const;
export type Search = keyof typeof SEARCHES;

const UID_LENGTHS: readonly number[] = [4, 7, 10];
const ATQB_CODE = 0x50;
const PUPI_BYTES = 4;
const POLLING_RESPONSE = 0x01;
const IDM_BYTES = 8;

/** The first target of a response of InListPassiveTarget; null when there is none, undefined when it makes no sense. */
export function parseTarget(search: Search, data: Uint8Array): Target | null | undefined {
  const [count, number, ...rest] = data;
  if (count === 0) return null;
  if (count === undefined || number === undefined) return undefined;
  const body = Uint8Array.from(rest);
  switch (search) {
    case 'a':
      return parseTypeA(number, body);
    case 'b':
      return body[0] === ATQB_CODE
        ? withUid('iso14443b', number, body.subarray(1, 1 + PUPI_BYTES), PUPI_BYTES)
        : undefined;
    default:
      return body[1] === POLLING_RESPONSE
        ? withUid('felica', number, body.subarray(2, 2 + IDM_BYTES), IDM_BYTES)
        : undefined;
  }
}

/** SENS_RES, SEL_RES, length of the UID, UID, and the ATS where there is one. */
function parseTypeA(number: number, body: Uint8Array): Target | undefined {
  const [, , sak, length = 0] = body;
  const uid = body.slice(4, 4 + length);
  if (sak === undefined || uid.length !== length || !UID_LENGTHS.includes(length)) return undefined;
  return { number, technology: 'iso14443a', uid, sak };
}

function withUid(
  technology: 'iso14443b' | 'felica',
  number: number,
  uid: Uint8Array,
  length: number,
): Target | undefined {
  return uid.length === length ? { number, technology, uid: Uint8Array.from(uid) } : undefined;
}
