import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import { isRandomUid } from '../random-uid.js';
import { diversifiedKey } from './aes.js';
import { type Card, refusal, type Target } from './card.js';
import { type DesfireChannel, selectApplication } from './desfire.js';
import { openEv1Channel } from './desfire-ev1.js';
import { openEv2Channel } from './desfire-ev2.js';
import type { Pn532Options } from './options.js';

/** Bits of the SAK: the card speaks MIFARE Classic, ISO 14443-4. */
const SAK_CLASSIC = 0x08;
const SAK_ISO_14443_4 = 0x20;
const CLASSIC_READ = 0x30;
const CLASSIC_AUTHENTICATE = { a: 0x60, b: 0x61 } as const;
const NTAG_PASSWORD = 0x1b;
const PASSWORD_BYTES = 4;
/** A Classic block, and four pages of an NTAG. */
const READ_BYTES = 16;

/**
 * The number by which a card is known, after it has proven what the options ask for.
 *
 * @param key undefined where the UID alone counts
 * @throws RollcallError `CREDENTIAL_INVALID` ({@link refusal}), or as {@link Card.exchange}
 */
export async function readCredential(
  card: Card,
  options: Pn532Options,
  key: Uint8Array | undefined,
): Promise<CardRead> {
  const { target } = card;
  if (options.credential === 'uid' || key === undefined) return readUid(target);
  if (target.technology !== 'iso14443a') throw wrongKind(options);
  switch (options.credential) {
    case 'classic':
      return readClassic(card, options, key);
    case 'ntag':
      return readNtag(card, options, key);
    default:
      return readDesfire(card, options, key);
  }
}

function readUid({ technology, uid, sak = 0 }: Target): CardRead {
  if (isRandomUid(technology, uid)) {
    throw refusal(
      'random_uid',
      (sak & SAK_ISO_14443_4) === 0
        ? 'the card or phone shows another number each time and cannot be told apart; use another card'
        : 'the card or phone shows another number each time and cannot be told apart; use another card, or set "credential" to desfire',
    );
  }
  return cardRead(technology, uid);
}

async function readClassic(card: Card, options: Pn532Options, key: Uint8Array): Promise<CardRead> {
  const { uid, sak = 0 } = card.target;
  if ((sak & SAK_CLASSIC) === 0) throw wrongKind(options);
  const command = CLASSIC_AUTHENTICATE[options.key_type];
  // Of a UID of 7 bytes the last four take part (NXP AN10927).
  await card.exchange(Uint8Array.of(command, options.block, ...key, ...uid.subarray(-4)), { isSecret: true });
  if (options.number === 'uid') return readUid(card.target);
  return contentOf(await card.exchange(Uint8Array.of(CLASSIC_READ, options.block)), options);
}

async function readNtag(card: Card, options: Pn532Options, key: Uint8Array): Promise<CardRead> {
  if (card.target.sak !== 0) throw wrongKind(options);
  const answer = await card.exchangeRaw(Uint8Array.of(NTAG_PASSWORD, ...key.subarray(0, PASSWORD_BYTES)), {
    isSecret: true,
  });
  if (!Buffer.from(answer).equals(key.subarray(PASSWORD_BYTES))) {
    throw refusal('key', 'the card answered the password with another PACK; the card is a foreign one');
  }
  if (options.number === 'uid') return readUid(card.target);
  return contentOf(await card.exchange(Uint8Array.of(CLASSIC_READ, options.block)), options);
}

async function readDesfire(card: Card, options: Pn532Options, key: Uint8Array): Promise<CardRead> {
  const { uid, sak = 0 } = card.target;
  if ((sak & SAK_ISO_14443_4) === 0) throw wrongKind(options);
  const aid = Buffer.from(options.aid, 'hex');
  let cardKey = key;
  if (options.diversify !== undefined) {
    if (isRandomUid('iso14443a', uid)) {
      throw refusal(
        'random_uid',
        'the card shows a random UID, from which its own key cannot be made; leave out "diversify"',
      );
    }
    cardKey = diversifiedKey(key, Uint8Array.of(...uid, ...aid, ...Buffer.from(options.diversify, 'hex')));
  }
  await selectApplication(card, aid);
  const channel = await openChannel(card, options, cardKey);
  return options.number === 'uid'
    ? cardRead('iso14443a', await channel.cardUid())
    : contentOf(await channel.readFile(options.file, options.length), options);
}

function openChannel(card: Card, options: Pn532Options, key: Uint8Array): Promise<DesfireChannel> {
  const { authentication, protection, key_no: keyNumber } = options;
  const open = authentication === 'ev1' ? openEv1Channel : openEv2Channel;
  return open(card, { key, keyNumber, protection });
}

function contentOf(answer: Uint8Array, { length }: Pn532Options): CardRead {
  if (answer.length < Math.min(length, READ_BYTES)) {
    throw refusal('file', 'the card gave fewer bytes than "length"; correct it or "block"');
  }
  return cardRead('cardfile', answer.subarray(0, length));
}

function wrongKind({ credential }: Pn532Options): Error {
  const name = { uid: '', classic: 'MIFARE Classic', ntag: 'NTAG', desfire: 'DESFire' }[credential];
  return refusal('card_type', `the card is no ${name}; this reader takes cards of that kind only`);
}
