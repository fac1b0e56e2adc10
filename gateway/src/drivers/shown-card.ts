import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import { PROJECTIONS } from '@rollcall/protocol/credential-hash';
import { Silence } from './silence.js';

export interface ShownCardOptions {
  clock: Clock;
  /** How long a card has to be away before it counts as shown again, in milliseconds. */
  holdOffMs: number;
  /** The card was taken away, or another one was shown. */
  onGone?: () => void;
}

/**
 * The card that was shown last, on a reader that says only when it sees one: what is repeated while it stays in the field
 * is one presentation, and only a card that was away for the hold-off is shown again.
 */
export class ShownCard {
  readonly #away: Silence;
  readonly #onGone: () => void;
  #present: string | undefined;

  constructor({ clock, holdOffMs, onGone = () => undefined }: ShownCardOptions) {
    this.#onGone = onGone;
    this.#away = new Silence({ clock, limitMs: holdOffMs, onSilent: () => this.takenAway() });
  }

  /** What {@link see} was told of the card that is there. */
  get present(): string | undefined {
    return this.#present;
  }

  /** The card was seen; false for a repetition of the one that is there. */
  see(key: string): boolean {
    const isNew = this.#present !== key;
    if (isNew) this.#end();
    this.#present = key;
    this.#away.restart();
    return isNew;
  }

  takenAway(): void {
    this.#away.cancel();
    this.#end();
  }

  close(): void {
    this.#away.cancel();
    this.#present = undefined;
  }

  #end(): void {
    if (this.#present === undefined) return;
    this.#present = undefined;
    this.#onGone();
  }
}

/** Tells cards apart by everything that the reader saw. */
export const cardKey = ({ values }: CardRead): string =>
  PROJECTIONS.map((projection) => values[projection] ?? '').join(' ');
