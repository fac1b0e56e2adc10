import type { Clock } from '@rollcall/protocol/clock';

/** Tags that are remembered at once; a hall does not hold more before one antenna. */
const TAGS_MAX = 512;

/**
 * Which tags are in the field. A tag is reported dozens of times a second, and by a few centimeters more or less it comes and
 * goes: it counts as gone when it was not reported for the whole hold-off (UHF note, part A).
 */
export class TagPresence {
  readonly #clock: Clock;
  readonly #holdOffMs: number;
  readonly #onGone: () => void;
  /** Last report in monotonic milliseconds; the longest unseen stands first. */
  readonly #seenMs = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, holdOffMs: number, onGone: () => void) {
    this.#clock = clock;
    this.#holdOffMs = holdOffMs;
    this.#onGone = onGone;
  }

  /** True where the tag was not in the field before. */
  see(key: string): boolean {
    const isNew = !this.#seenMs.delete(key);
    this.#seenMs.set(key, this.#clock.monoMs());
    const [oldest] = this.#seenMs.keys();
    if (this.#seenMs.size > TAGS_MAX && oldest !== undefined) this.#seenMs.delete(oldest);
    if (this.#cancel === undefined) this.#schedule();
    return isNew;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#seenMs.clear();
  }

  #schedule(): void {
    const [oldestMs] = this.#seenMs.values();
    this.#cancel = undefined;
    if (oldestMs === undefined) return;
    const dueMs = oldestMs + this.#holdOffMs - this.#clock.monoMs();
    this.#cancel = this.#clock.after(Math.max(1, dueMs), () => this.#expire());
  }

  #expire(): void {
    const nowMs = this.#clock.monoMs();
    for (const [key, seenMs] of this.#seenMs) {
      if (nowMs - seenMs < this.#holdOffMs) break;
      this.#seenMs.delete(key);
      this.#onGone();
    }
    this.#schedule();
  }
}
