import type { Clock } from './clock.js';

interface Timer {
  dueMs: number;
  order: number;
  callback: () => void;
}

/** A clock that moves only when told to: what every test and the property suites use. */
export class ManualClock implements Clock {
  #wallMs: number;
  #monoMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 6, 7, 4, 30), monoMs = 1_000) {
    this.#wallMs = wallMs;
    this.#monoMs = monoMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.#monoMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Number of timers that are waiting; a leak shows as a number that grows. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves both clocks on, firing due timers in order, including those set by earlier ones. */
  advance(byMs: number): void {
    const untilMs = this.#monoMs + byMs;
    for (;;) {
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      this.#moveTo(next.dueMs);
      this.#timers.delete(next);
      next.callback();
    }
    this.#moveTo(untilMs);
  }

  /** Sets the wall clock alone, as NTP or an operator does. */
  stepWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  #moveTo(monoMs: number): void {
    const byMs = Math.max(0, monoMs - this.#monoMs);
    this.#monoMs += byMs;
    this.#wallMs += byMs;
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}
