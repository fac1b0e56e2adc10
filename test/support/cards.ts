import { createHmac } from 'node:crypto';
import { cardRead, hashRead } from '@rollcall/protocol/credential';
import type { Technology } from '@rollcall/protocol/credential-hash';

/** Which technology a simulated device of this driver reads. */
const TECHNOLOGY: Readonly<Record<string, Technology>> = { line: 'iso14443a', rdm6300: 'em4100' };

/** An endless supply of cards that nobody has had before, each as bare hex the way the simulator takes it. */
export class CardSupply {
  #count = 0;

  next(driver: string): string {
    this.#count += 1;
    const serial = this.#count.toString(16).toUpperCase();
    // 7 bytes of a manufacturer for 13.56 MHz, 5 bytes with version 0F for 125 kHz.
    return driver === 'rdm6300' ? `0F${serial.padStart(8, '0')}` : `04${serial.padStart(12, '0')}`;
  }
}

export function technologyOf(driver: string): Technology {
  return TECHNOLOGY[driver] ?? 'iso14443a';
}

/** The full keyed hash of a card, as gateway and central compute it from the campus card key. */
export function cardHash(uid: string, driver: string, cardHashKeyHex: string): string {
  return hashesOf(uid, driver, cardHashKeyHex).hashes[0]?.hash ?? '';
}

/** Everything a gateway sends of one card. */
export function hashesOf(uid: string, driver: string, cardHashKeyHex: string) {
  const key = Buffer.from(cardHashKeyHex, 'hex');
  return hashRead(cardRead(technologyOf(driver), Buffer.from(uid, 'hex')), (text) =>
    createHmac('sha256', key).update(text, 'utf8').digest('hex'),
  );
}
