import { BLOCK_BYTES, cmac, decrypt, encrypt, rotated, ZERO_BLOCK } from './aes.js';
import { type Card, refusal } from './card.js';
import {
  type DesfireChannel,
  GET_CARD_UID,
  native,
  type Protection,
  READ_DATA,
  readHeader,
  requireEqual,
  requireStatus,
  STATUS_MORE,
  STATUS_OK,
  UID_BYTES,
} from './desfire.js';

const AUTHENTICATE_EV2_FIRST = 0x71;
const MAC_BYTES = 8;
/** TI, RndA rotated, and the capabilities of both sides. */
const PROOF_BYTES = 32;
const TI_BYTES = 4;
/** Labels of the session keys and of the vector that replies are encrypted with (AN12343 §4.2 and §4.3). */
const ENCRYPTION_LABEL = [0xa5, 0x5a];
const MAC_LABEL = [0x5a, 0xa5];
const REPLY_LABEL = [0x5a, 0xa5];

/** AuthenticateEV2First (PN532 note §6; the numbers of NXP AN12196 §5.6, which NTAG 424 DNA shares). */
export async function openEv2Channel(
  card: Card,
  { key, keyNumber, protection }: { key: Uint8Array; keyNumber: number; protection: Protection },
): Promise<DesfireChannel> {
  const challenge = requireStatus(
    await native(card, AUTHENTICATE_EV2_FIRST, Uint8Array.of(keyNumber, 0x00)),
    STATUS_MORE,
  );
  if (challenge.length !== BLOCK_BYTES) throw refusal('card_type', 'the card has no AES key of this number');
  const rndB = decrypt(key, ZERO_BLOCK, challenge);
  const rndA = card.randomBytes(BLOCK_BYTES);
  const proof = encrypt(key, ZERO_BLOCK, Uint8Array.of(...rndA, ...rotated(rndB)));
  const answer = requireStatus(await native(card, STATUS_MORE, proof), STATUS_OK);
  if (answer.length !== PROOF_BYTES)
    throw refusal('not_genuine', 'the card did not prove that it knows the key');
  const plain = decrypt(key, ZERO_BLOCK, answer);
  requireEqual(plain.subarray(TI_BYTES, TI_BYTES + BLOCK_BYTES), rotated(rndA), 'the proof');
  return new Ev2Channel(card, {
    transaction: plain.subarray(0, TI_BYTES),
    encryptionKey: cmac(key, sessionVector(ENCRYPTION_LABEL, rndA, rndB)),
    macKey: cmac(key, sessionVector(MAC_LABEL, rndA, rndB)),
    protection,
  });
}

function sessionVector(label: readonly number[], rndA: Uint8Array, rndB: Uint8Array): Uint8Array {
  const mixed = rndA.subarray(2, 8).map((byte, index) => byte ^ (rndB[index] ?? 0));
  return Uint8Array.of(
    ...label,
    ...[0x00, 0x01, 0x00, 0x80],
    ...rndA.subarray(0, 2),
    ...mixed,
    ...rndB.subarray(6),
    ...rndA.subarray(8),
  );
}

interface Ev2Keys {
  transaction: Uint8Array;
  encryptionKey: Uint8Array;
  macKey: Uint8Array;
  protection: Protection;
}

/** What can be said after AuthenticateEV2First; counts its commands, so that none can be repeated. */
export class Ev2Channel implements DesfireChannel {
  readonly #card: Card;
  readonly #keys: Ev2Keys;
  #commands = 0;

  constructor(card: Card, keys: Ev2Keys) {
    this.#card = card;
    this.#keys = keys;
  }

  async readFile(file: number, length: number): Promise<Uint8Array> {
    const data = await this.#ask(READ_DATA, readHeader(file, length));
    if (this.#keys.protection === 'full') return this.#decrypted(data, length);
    if (data.length !== length) {
      throw refusal('file', 'the file of the card is encrypted; set "protection" to full');
    }
    return data;
  }

  async cardUid(): Promise<Uint8Array> {
    return this.#decrypted(await this.#ask(GET_CARD_UID, new Uint8Array()), UID_BYTES);
  }

  /** The command with its message code, and the reply without its own, which has to be right. */
  async #ask(command: number, header: Uint8Array): Promise<Uint8Array> {
    const code = this.#messageCode(command, header);
    const answer = requireStatus(
      await native(this.#card, command, Uint8Array.of(...header, ...code)),
      STATUS_OK,
    );
    this.#commands += 1;
    if (answer.length < MAC_BYTES) throw refusal('not_genuine', 'the card answered without a message code');
    const data = answer.subarray(0, -MAC_BYTES);
    requireEqual(answer.subarray(-MAC_BYTES), this.#messageCode(STATUS_OK, data), 'the message code');
    return data;
  }

  /** Every second byte of the CMAC, beginning with the second. */
  #messageCode(first: number, data: Uint8Array): Uint8Array {
    const { macKey, transaction } = this.#keys;
    const whole = cmac(macKey, Uint8Array.of(first, ...this.#counter(), ...transaction, ...data));
    return whole.filter((_, index) => index % 2 === 1);
  }

  /** Data, 80, zeros. */
  #decrypted(data: Uint8Array, length: number): Uint8Array {
    const { encryptionKey, transaction } = this.#keys;
    if (data.length !== (Math.floor(length / BLOCK_BYTES) + 1) * BLOCK_BYTES) {
      throw refusal('file', 'the file of the card is not encrypted; set "protection" to mac');
    }
    const label = Uint8Array.of(...REPLY_LABEL, ...transaction, ...this.#counter(), ...new Uint8Array(8));
    const plain = decrypt(encryptionKey, encrypt(encryptionKey, ZERO_BLOCK, label), data);
    const padding = plain.subarray(length);
    requireEqual(padding, Uint8Array.of(0x80, ...new Uint8Array(padding.length - 1)), 'the padding');
    return plain.subarray(0, length);
  }

  #counter(): Uint8Array {
    return Uint8Array.of(this.#commands & 0xff, this.#commands >> 8);
  }
}
