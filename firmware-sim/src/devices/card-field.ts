import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

/** People who stand before one reader at once; more would not fit through the door. */
export const SWIPES_WAITING_MAX = 64;
/** The next hand comes this long after the last card left. */
const NEXT_SWIPE_GAP_MS = 200;

export interface CardFieldEvents {
  onCardIn(uid: Uint8Array): void;
  onCardOut(): void;
}

interface Swipe {
  uid: Uint8Array;
  fieldMs: number;
}

/** The air before the antenna: one card at a time, the others wait their turn. */
export class CardField {
  readonly #clock: Clock;
  readonly #events: CardFieldEvents;
  #present: Uint8Array | undefined;
  #waiting: Swipe[] = [];
  #cancelTimer: (() => void) | undefined;
  #onSwipesDone: (() => void)[] = [];

  constructor(clock: Clock, events: CardFieldEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get present(): Uint8Array | undefined {
    return this.#present;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get isCrowded(): boolean {
    return this.#waiting.length >= SWIPES_WAITING_MAX;
  }

  /** A card is shown for `fieldMs` and taken away. */
  swipe(uid: Uint8Array, fieldMs: number): void {
    if (this.isCrowded) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `${SWIPES_WAITING_MAX} cards already wait for this reader. Wait until they have been read, or send "remove".`,
      );
    }
    this.#waiting.push({ uid, fieldMs });
    if (this.#present === undefined && this.#cancelTimer === undefined) this.#next();
  }

  /** Resolves when everybody who swipes has gone; a card that was laid down may still be there. */
  swipesDone(): Promise<void> {
    if (this.#cancelTimer === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onSwipesDone.push(resolve));
  }

  /** A card is laid on the reader and stays. */
  hold(uid: Uint8Array): void {
    this.remove();
    this.#enter(uid);
  }

  /** Takes the card away and sends everybody who waits home. */
  remove(): void {
    this.#waiting = [];
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#leave();
    this.#tellSwipesDone();
  }

  #next(): void {
    this.#cancelTimer = undefined;
    const swipe = this.#waiting.shift();
    if (swipe === undefined) {
      this.#tellSwipesDone();
      return;
    }
    this.#enter(swipe.uid);
    this.#cancelTimer = this.#clock.after(swipe.fieldMs, () => {
      this.#leave();
      this.#cancelTimer = this.#clock.after(NEXT_SWIPE_GAP_MS, () => this.#next());
    });
  }

  #tellSwipesDone(): void {
    for (const tell of this.#onSwipesDone.splice(0)) tell();
  }

  #enter(uid: Uint8Array): void {
    this.#present = uid;
    this.#events.onCardIn(uid);
  }

  #leave(): void {
    if (this.#present === undefined) return;
    this.#present = undefined;
    this.#events.onCardOut();
  }
}
