import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import { PIN_DIGITS } from '@rollcall/protocol/pin';

/** How long a card waits for its PIN, and stays in memory; the next person has come by then. */
export const CARD_WAITS_MS = 20_000;
/** A pause between two keys after which somebody else begins. */
export const KEY_PAUSE_MS = 8_000;

export interface PinEntryOptions {
  clock: Clock;
  /** A whole PIN was typed, after this card. */
  onPin(card: CardRead, pin: string): void;
  /** Something was typed and ended that can be no PIN, or without a card before it. */
  onStray(): void;
}

/**
 * Keys of one device put together: what is typed after a card is its owner's PIN. It ends with its last digit or
 * with `#`; `*` begins again. A PIN alone names nobody.
 */
export class PinEntry {
  readonly #options: PinEntryOptions;
  #card: CardRead | undefined;
  #typed = '';
  #cardMonoMs = 0;
  #cancelKeys: (() => void) | undefined;
  #cancelCard: (() => void) | undefined;

  constructor(options: PinEntryOptions) {
    this.#options = options;
  }

  /** Every tap comes here: a timer that runs already is kept; it looks for the last card when it is due. */
  cardShown(card: CardRead): void {
    this.#clear();
    this.#card = card;
    this.#cardMonoMs = this.#options.clock.monoMs();
    this.#cancelCard ??= this.#options.clock.after(CARD_WAITS_MS, () => this.#look());
  }

  press(keys: string): void {
    for (const key of keys) {
      if (key === '*') this.#clear();
      else if (key === '#') this.#end();
      else this.#type(key);
    }
  }

  /** Forgets the card and what was typed. */
  reset(): void {
    this.#clear();
    this.#cancelCard?.();
    this.#cancelCard = undefined;
    this.#card = undefined;
  }

  #look(): void {
    const { clock } = this.#options;
    const waitMs = this.#cardMonoMs + CARD_WAITS_MS - clock.monoMs();
    if (waitMs > 0) this.#cancelCard = clock.after(waitMs, () => this.#look());
    else this.reset();
  }

  #type(key: string): void {
    this.#typed += key;
    this.#cancelKeys?.();
    this.#cancelKeys = this.#options.clock.after(KEY_PAUSE_MS, () => this.#clear());
    if (this.#typed.length === PIN_DIGITS) this.#end();
  }

  #end(): void {
    const typed = this.#typed;
    const card = this.#card;
    this.#clear();
    // The # behind the last digit, which has ended the entry already.
    if (typed === '') return;
    if (card !== undefined && typed.length === PIN_DIGITS) this.#options.onPin(card, typed);
    else this.#options.onStray();
  }

  #clear(): void {
    this.#cancelKeys?.();
    this.#typed = '';
  }
}
