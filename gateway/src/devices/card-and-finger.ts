import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { VerifiedCard } from './presentation.js';

/** From the card to the finger, unless `with_card_seconds` says otherwise. */
export const CARD_BEFORE_FINGER_MS = 10_000;

export interface CardAndFingerOptions {
  clock: Clock;
  windowMs: number;
  /** The slots of this student on the scanner. */
  slotsOf(studentRef: string): readonly number[];
}

/**
 * Verification 1:1 (domain D0, finger with card): a card names the student, and for a while only that student's slots
 * count on the scanner. Each card is good for one finger that fits; tries that do not fit go on until the time is over.
 */
export class CardAndFinger {
  readonly #options: CardAndFingerOptions;
  #sensor: FingerSensor | undefined;
  #card: VerifiedCard | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: CardAndFingerOptions) {
    this.#options = options;
  }

  /** The card whose finger is expected now. */
  get card(): VerifiedCard | undefined {
    return this.#card;
  }

  sensorChanged(sensor: FingerSensor | undefined): void {
    this.#sensor = sensor;
    this.#expect();
  }

  /** A card was read; the one before it no longer counts. `studentRef` is undefined for a card of nobody. */
  cardShown(read: CardRead, studentRef: string | undefined): void {
    this.#cancel?.();
    this.#card = studentRef === undefined ? undefined : { read, studentRef };
    this.#expect();
    const { clock, windowMs } = this.#options;
    if (this.#card !== undefined) this.#cancel = clock.after(windowMs, () => this.end());
  }

  /** The finger has come, or the time is over. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#card = undefined;
    this.#expect();
  }

  #expect(): void {
    const card = this.#card;
    this.#sensor?.expectOnly(card === undefined ? [] : this.#options.slotsOf(card.studentRef));
  }
}
