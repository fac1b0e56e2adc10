import type { Random } from '../random.js';

/** Every student carries one card with all three chips, so that it works at every reader. */
export interface CardNumbers {
  /** Ten hex digits. */
  em4100: string;
  /** Eight or fourteen hex digits. */
  iso14443a: string;
  /** EPC of a UHF tag: 24 hex digits. */
  uhf: string;
}

const TRIES_MAX = 10_000;
/** One card in three is a newer one with seven bytes. */
const SEVEN_BYTE_SHARE = 1 / 3;
/** Serial numbers of a vendor begin like this; here the rest is that of the other chip. */
const EPC_HEAD = 'E2801160000000';
/** First byte of an NXP card with seven bytes (ISO/IEC 7816-6). */
const NXP = '04';
/** 08 marks a random number and 88 a cascade: neither starts the number of a real card. */
const RESERVED_FIRST_BYTES = new Set(['08', '88']);

/**
 * Hands out card numbers that differ even in the 24 bits that the weakest readers show, so that no student of
 * the demo is ambiguous.
 */
export class CardMaker {
  readonly #random: Random;
  readonly #used = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  card(): CardNumbers {
    const em4100 = this.em4100();
    return { em4100, iso14443a: this.iso14443a(), uhf: `${EPC_HEAD}${em4100}` };
  }

  em4100(): string {
    return this.#unused(() => `0${this.#random.int(1, 9)}${this.#hex(4)}`);
  }

  iso14443a(): string {
    const isSevenBytes = this.#random.chance(SEVEN_BYTE_SHARE);
    return this.#unused(() => (isSevenBytes ? NXP + this.#hex(6) : this.#hex(4)));
  }

  #unused(draw: () => string): string {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const number = draw();
      const parts = [number.slice(-6), number.slice(0, 6)];
      if (RESERVED_FIRST_BYTES.has(number.slice(0, 2)) || parts.some((part) => this.#used.has(part)))
        continue;
      for (const part of parts) this.#used.add(part);
      return number;
    }
    throw new RangeError('no unused card number was found');
  }

  #hex(bytes: number): string {
    return Buffer.from(this.#random.bytes(bytes)).toString('hex').toUpperCase();
  }
}
