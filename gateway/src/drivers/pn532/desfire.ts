import { timingSafeEqual } from 'node:crypto';
import { type Card, refusal } from './card.js';

const CLASS = 0x90;
const STATUS_CLASS = 0x91;
export const STATUS_OK = 0x00;
export const STATUS_MORE = 0xaf;
const SELECT_APPLICATION = 0x5a;
export const READ_DATA = 0xbd;
export const GET_CARD_UID = 0x51;
/** Of a UID that is not random; it stands in front of what GetCardUID answers. */
export const UID_BYTES = 7;

/** What a technician has to change, by the status that the card gave (PN532 note §6). */
const MESSAGES: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  28: ['command', 'the card does not know this authentication; set "authentication" to the other value'],
  64: ['key', 'the application of the card has no key of this number; correct "key_no"'],
  157: ['permission', 'the key may not read this file; correct "key_no" or the rights of the file'],
  160: [
    'application',
    'the card has no application of the campus; correct "aid", or the card is a foreign one',
  ],
  174: ['key', 'the card does not know the key; correct the key file, or the card is a foreign one'],
  190: ['file', 'the file of the card is shorter than "length"'],
  240: ['file', 'the application of the card has no such file; correct "file"'],
};

export interface DesfireReply {
  status: number;
  data: Uint8Array;
}

/** An authenticated channel to one application; any failure ends it. */
export interface DesfireChannel {
  /** The first bytes of a file. @throws RollcallError as {@link Card.exchange} */
  readFile(file: number, length: number): Promise<Uint8Array>;
  /** The real UID, also of a card that shows a random one. */
  cardUid(): Promise<Uint8Array>;
}

/** How the content of the file is protected on its way: also readable, or not. */
export type Protection = 'full' | 'mac';

/** A native command, wrapped as ISO 7816-4 has it (PN532 note §6). */
export async function native(card: Card, command: number, data: Uint8Array): Promise<DesfireReply> {
  const body = data.length === 0 ? [] : [data.length, ...data];
  const answer = await card.exchange(Uint8Array.of(CLASS, command, 0x00, 0x00, ...body, 0x00));
  const [kind, status] = answer.subarray(-2);
  if (answer.length < 2 || kind !== STATUS_CLASS || status === undefined) {
    throw refusal('card_type', 'the card is no DESFire; it does not know its commands');
  }
  return { status, data: answer.slice(0, -2) };
}

/** @throws RollcallError `CREDENTIAL_INVALID` unless the card gave this status. */
export function requireStatus(reply: DesfireReply, status: number): Uint8Array {
  if (reply.status === status) return reply.data;
  const [reason, message] = MESSAGES[reply.status] ?? [
    'card_status',
    `the card refused with status ${reply.status.toString(16).toUpperCase().padStart(2, '0')}`,
  ];
  throw refusal(reason, message);
}

/** @param aid as people write it; the card wants its last byte first. */
export async function selectApplication(card: Card, aid: Uint8Array): Promise<void> {
  requireStatus(await native(card, SELECT_APPLICATION, Uint8Array.from(aid).reverse()), STATUS_OK);
}

/** File number, offset 0 and length, both with the lowest byte first. */
export function readHeader(file: number, length: number): Uint8Array {
  return Uint8Array.of(file, 0, 0, 0, length, 0, 0);
}

/** @throws RollcallError `CREDENTIAL_INVALID` when what the card proves itself with is wrong. */
export function requireEqual(given: Uint8Array, expected: Uint8Array, what: string): void {
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw refusal(
    'not_genuine',
    `${what} of the card is wrong; somebody imitates a card, or the field is disturbed`,
  );
}
