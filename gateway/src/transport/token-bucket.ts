/** Lets through so many a second on average, and a burst at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledMs: number;

  constructor({ perSecond, burst }: { perSecond: number; burst: number }, monoMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledMs = monoMs;
  }

  take(monoMs: number): boolean {
    const elapsedMs = Math.max(0, monoMs - this.#filledMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSecond) / 1_000);
    this.#filledMs = monoMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
