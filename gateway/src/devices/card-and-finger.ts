import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import { matchesOnGateway } from '../config/matches-on-gateway.js';
import type { DeviceConfig } from '../config/schema.js';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import { type FeedbackSignal, isKept } from '../feedback/signal.js';
import type { VerifiedCard } from './presentation.js';

const SECOND_MS = 1_000;
/** From the card to the finger, unless `with_card_seconds` says otherwise. */
export const CARD_BEFORE_FINGER_MS = 10_000;
/** Longer where the gateway compares: the picture of the finger comes over the line first, 8 s at 57600 baud. */
export const CARD_BEFORE_PICTURE_MS = 20_000;

/** How long a card waits for the finger on this scanner. */
export function windowAfterCard(device: Pick<DeviceConfig, 'withCardSeconds' | 'options'>): number {
  if (device.withCardSeconds !== undefined) return device.withCardSeconds * SECOND_MS;
  return matchesOnGateway(device) ? CARD_BEFORE_PICTURE_MS : CARD_BEFORE_FINGER_MS;
}

export interface CardAndFingerOptions {
  clock: Clock;
  windowMs: number;
  /** The slots of this student on the scanner. */
  slotsOf(studentRef: string): readonly number[];
}

/**
 * Verification 1:1 (domain D0, finger with card): a card names the student, and for a while only that student's slots
 * count on the scanner. Each card is good for one finger that is kept; tries that do not fit, or that were refused for
 * the moment, go on until the time is over.
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

  /** What became of a finger that came for this card; the next card may have come meanwhile. */
  fingerAnswered(card: VerifiedCard, signal: FeedbackSignal): void {
    if (isKept(signal) && this.#card === card) this.end();
  }

  /** The finger is kept, or the time is over. */
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
