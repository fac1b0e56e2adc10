import type { Clock } from '@rollcall/protocol/clock';

/** Told one by one in an hour, of each terminal: whoever is on its network can send any number of them. */
const TOLD_PER_HOUR_MAX = 20;
const HOUR_MS = 3_600_000;

/** Which fingers that a terminal took unasked are told to central: each once an hour, and not many. */
export class RefusedFingers {
  readonly #clock: Clock;
  #sinceMs = Number.NEGATIVE_INFINITY;
  readonly #told = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True where this one is to be told. */
  isNew(finger: string): boolean {
    const nowMs = this.#clock.monoMs();
    if (nowMs - this.#sinceMs >= HOUR_MS) {
      this.#sinceMs = nowMs;
      this.#told.clear();
    }
    if (this.#told.has(finger) || this.#told.size >= TOLD_PER_HOUR_MAX) return false;
    this.#told.add(finger);
    return true;
  }
}
