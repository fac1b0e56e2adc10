import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

/** People who stand before one reader at once; more would not fit through the door. */
export const SWIPES_WAITING_MAX = 64;
/** The next hand comes this long after the last card left. */
const NEXT_SWIPE_GAP_MS = 200;

export interface CardFieldEvents<Shown = Uint8Array> {
  onCardIn(shown: Shown): void;
  onCardOut(): void;
}

interface Swipe<Shown> {
  shown: Shown;
  fieldMs: number;
}

/** The air before the antenna, or the glass of a scanner: one at a time, the others wait their turn. */
export class CardField<Shown = Uint8Array> {
  readonly #clock: Clock;
  readonly #events: CardFieldEvents<Shown>;
  readonly #gapMs: number;
  #present: Shown | undefined;
  #waiting: Swipe<Shown>[] = [];
  #cancelTimer: (() => void) | undefined;
  #onSwipesDone: (() => void)[] = [];

  constructor(clock: Clock, events: CardFieldEvents<Shown>, gapMs = NEXT_SWIPE_GAP_MS) {
    this.#gapMs = gapMs;
    this.#clock = clock;
    this.#events = events;
  }

  get present(): Shown | undefined {
    return this.#present;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get isCrowded(): boolean {
    return this.#waiting.length >= SWIPES_WAITING_MAX;
  }

  /** A card is shown for `fieldMs` and taken away. */
  swipe(shown: Shown, fieldMs: number): void {
    if (this.isCrowded) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `${SWIPES_WAITING_MAX} people already wait for this reader. Wait until it has read them, or send "remove".`,
      );
    }
    this.#waiting.push({ shown, fieldMs });
    if (this.#present === undefined && this.#cancelTimer === undefined) this.#next();
  }

  /** Resolves when everybody who swipes has gone; a card that was laid down may still be there. */
  swipesDone(): Promise<void> {
    if (this.#cancelTimer === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onSwipesDone.push(resolve));
  }

  /** A card is laid on the reader and stays. */
  hold(shown: Shown): void {
    this.remove();
    this.#enter(shown);
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
    this.#enter(swipe.shown);
    this.#cancelTimer = this.#clock.after(swipe.fieldMs, () => {
      this.#leave();
      this.#cancelTimer = this.#clock.after(this.#gapMs, () => this.#next());
    });
  }

  #tellSwipesDone(): void {
    for (const tell of this.#onSwipesDone.splice(0)) tell();
  }

  #enter(shown: Shown): void {
    this.#present = shown;
    this.#events.onCardIn(shown);
  }

  #leave(): void {
    if (this.#present === undefined) return;
    this.#present = undefined;
    this.#events.onCardOut();
  }
}
