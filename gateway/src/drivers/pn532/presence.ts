import type { Target } from './card.js';

/** Searches without the card after which it counts as taken away (PN532 note §7). */
const MISSES_MAX = 3;

/** One card in the field, from when it was first seen until it is gone. */
export interface Stay {
  readonly key: string;
  readonly uid: string;
  /** Readings that failed because the card did not hold still. */
  attempts: number;
  /** Read or refused: until it is taken away there is nothing more to do. */
  isDone: boolean;
  isAccepted: boolean;
}

/**
 * Tells whether a card that is found is the one that was there before. Random UIDs can change while the card lies
 * still: such a one counts as the same until it was missed.
 */
export class Presence {
  #stay: Stay | undefined;
  #misses = 0;

  /** The stay that this find belongs to, and the one that has ended with it. */
  found(target: Target, isRandom: boolean): { stay: Stay; ended?: Stay } {
    const uid = `${target.technology}:${Buffer.from(target.uid).toString('hex')}`;
    const key = isRandom ? 'random' : uid;
    const before = this.#stay;
    const isSame = before?.key === key && (before.uid === uid || this.#misses === 0);
    this.#misses = 0;
    if (before !== undefined && isSame) return { stay: before };
    const stay = { key, uid, attempts: 0, isDone: false, isAccepted: false };
    this.#stay = stay;
    return { stay, ...(before === undefined ? {} : { ended: before }) };
  }

  /** The stay that has ended, once nothing was found often enough. */
  missed(): Stay | undefined {
    const stay = this.#stay;
    if (stay === undefined) return undefined;
    this.#misses += 1;
    if (this.#misses < MISSES_MAX) return undefined;
    this.#stay = undefined;
    this.#misses = 0;
    return stay;
  }
}
