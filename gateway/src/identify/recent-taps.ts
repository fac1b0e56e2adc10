/** Milliseconds within which another tap at the same device tells central nothing new (domain A4, DEBOUNCE_SECONDS). */
export const AGAIN_WITHIN_MS = 60_000;
/** Taps that are remembered: more than all readers of a building take within that time. */
const TAPS_MAX = 4_096;

/** Whose tap was kept at which device a moment ago: only for the light, every tap is a punch. */
export class RecentTaps {
  /** In the order of the taps, the oldest first. */
  readonly #atMs = new Map<string, number>();

  /** Notes a kept tap; true where the one before it at this device is less than a minute old. */
  note(deviceId: string, studentRef: string, monoMs: number): boolean {
    const key = JSON.stringify([deviceId, studentRef]);
    const before = this.#atMs.get(key);
    this.#atMs.delete(key);
    this.#atMs.set(key, monoMs);
    for (const [oldest, atMs] of this.#atMs) {
      if (this.#atMs.size <= TAPS_MAX && monoMs - atMs < AGAIN_WITHIN_MS) break;
      this.#atMs.delete(oldest);
    }
    return before !== undefined && monoMs - before < AGAIN_WITHIN_MS;
  }
}
