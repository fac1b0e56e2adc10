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

const AUTHENTICATE_AES = 0xaa;
const MAC_BYTES = 8;
const CRC_BYTES = 4;

/**
 * AuthenticateAES of EV1 (PN532 note §6; libfreefare): the initialization vector is never reset, neither during the
 * authentication nor after it, so that a message that is left out or repeated breaks every later one.
 */
export async function openEv1Channel(
  card: Card,
  { key, keyNumber, protection }: { key: Uint8Array; keyNumber: number; protection: Protection },
): Promise<DesfireChannel> {
  const challenge = requireStatus(
    await native(card, AUTHENTICATE_AES, Uint8Array.of(keyNumber)),
    STATUS_MORE,
  );
  if (challenge.length !== BLOCK_BYTES) throw refusal('card_type', 'the card has no AES key of this number');
  const rndB = decrypt(key, ZERO_BLOCK, challenge);
  const rndA = card.randomBytes(BLOCK_BYTES);
  const proof = encrypt(key, challenge, Uint8Array.of(...rndA, ...rotated(rndB)));
  const answer = requireStatus(await native(card, STATUS_MORE, proof), STATUS_OK);
  if (answer.length !== BLOCK_BYTES)
    throw refusal('not_genuine', 'the card did not prove that it knows the key');
  requireEqual(decrypt(key, proof.subarray(-BLOCK_BYTES), answer), rotated(rndA), 'the proof');
  const sessionKey = Uint8Array.of(
    ...rndA.subarray(0, 4),
    ...rndB.subarray(0, 4),
    ...rndA.subarray(12),
    ...rndB.subarray(12),
  );
  return new Ev1Channel(card, sessionKey, protection);
}

class Ev1Channel implements DesfireChannel {
  readonly #card: Card;
  readonly #key: Uint8Array;
  readonly #protection: Protection;
  /** Carried on from message to message, both ways. */
  #iv: Uint8Array = ZERO_BLOCK;

  constructor(card: Card, sessionKey: Uint8Array, protection: Protection) {
    this.#card = card;
    this.#key = sessionKey;
    this.#protection = protection;
  }

  async readFile(file: number, length: number): Promise<Uint8Array> {
    const answer = await this.#ask(READ_DATA, readHeader(file, length));
    return this.#protection === 'full' ? this.#decrypted(answer, length) : this.#verified(answer, length);
  }

  async cardUid(): Promise<Uint8Array> {
    return this.#decrypted(await this.#ask(GET_CARD_UID, new Uint8Array()), UID_BYTES);
  }

  async #ask(command: number, data: Uint8Array): Promise<Uint8Array> {
    this.#iv = cmac(this.#key, Uint8Array.of(command, ...data), { iv: this.#iv });
    return requireStatus(await native(this.#card, command, data), STATUS_OK);
  }

  #verified(answer: Uint8Array, length: number): Uint8Array {
    const data = answer.subarray(0, length);
    this.#iv = cmac(this.#key, Uint8Array.of(...data, STATUS_OK), { iv: this.#iv });
    requireEqual(answer.subarray(length), this.#iv.subarray(0, MAC_BYTES), 'the message code');
    return data;
  }

  /** Data, CRC over data and status, zeros. */
  #decrypted(answer: Uint8Array, length: number): Uint8Array {
    if (answer.length !== Math.ceil((length + CRC_BYTES) / BLOCK_BYTES) * BLOCK_BYTES) {
      throw refusal('file', 'the file of the card is not encrypted; set "protection" to mac');
    }
    const plain = decrypt(this.#key, this.#iv, answer);
    this.#iv = answer.subarray(-BLOCK_BYTES);
    const data = plain.subarray(0, length);
    const expected = crc32(Uint8Array.of(...data, STATUS_OK));
    requireEqual(plain.subarray(length, length + CRC_BYTES), expected, 'the check value');
    return data;
  }
}

/** CRC-32 as DESFire has it: that of Ethernet without the final inversion, lowest byte first. */
function crc32(bytes: Uint8Array): Uint8Array {
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb8_8320 : 0);
  }
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
