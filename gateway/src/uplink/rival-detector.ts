import type { Clock } from '@rollcall/protocol/clock';

/** This many established connections lost within the window look like a second client with the same id. */
const LOSSES = 4;
const WINDOW_MS = 120_000;

/** MQTT 3.1.1 gives no reason when a broker closes a connection in favor of a newer one with the same id. */
export class RivalDetector {
  readonly #clock: Clock;
  #lossesMonoMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isSuspected(): boolean {
    return this.#lossesMonoMs.length >= LOSSES;
  }

  /** Notes that an established connection was lost; true when that has become a pattern. */
  noteLoss(): boolean {
    const nowMs = this.#clock.monoMs();
    this.#lossesMonoMs = [...this.#lossesMonoMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs].slice(
      -LOSSES,
    );
    return this.isSuspected;
  }

  reset(): void {
    this.#lossesMonoMs = [];
  }
}
