export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  random: () => number;
}

/** Doubling delays with full jitter, so that a building's gateways do not come back in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    const ceilingMs = Math.min(maxMs, firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    // Never zero: a broker that refuses at once must not be asked in a loop.
    return Math.round(ceilingMs * (0.25 + 0.75 * random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
