/** Waits of the quick tier; while they last nobody is told that the device is away (edge §4.6). */
const QUICK_WAITS_MS = [500, 1_500, 3_000] as const;
const SLOW_WAIT_FIRST_MS = 1_000;
export const SLOW_WAIT_MAX_MS = 60_000;
/** Jitter may choose any part of the wait, but never hammers a port. */
const SLOW_WAIT_MIN_MS = 250;

export interface Retry {
  waitMs: number;
  /** True once the quick tier is used up: the device is away, and that may be said. */
  isOffline: boolean;
}

/** When to try again: three times quickly, then ever more rarely with full jitter, for ever. */
export class RetryPolicy {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** One more failure happened. */
  next(): Retry {
    const quickWaitMs = QUICK_WAITS_MS[this.#failures];
    const step = this.#failures - QUICK_WAITS_MS.length;
    this.#failures += 1;
    if (quickWaitMs !== undefined) return { waitMs: quickWaitMs, isOffline: false };
    const ceilingMs = Math.min(SLOW_WAIT_MAX_MS, SLOW_WAIT_FIRST_MS * 2 ** Math.min(step, 16));
    return { waitMs: Math.max(SLOW_WAIT_MIN_MS, Math.round(this.#random() * ceilingMs)), isOffline: true };
  }

  /** Nothing but a person can help: slow at once, and said at once. */
  nextBlocked(): Retry {
    this.#failures = Math.max(this.#failures, QUICK_WAITS_MS.length);
    return { ...this.next(), isOffline: true };
  }

  reset(): void {
    this.#failures = 0;
  }
}
