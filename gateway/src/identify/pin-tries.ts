import type { Clock } from '@rollcall/protocol/clock';

/** Wrong PINs of one student in a row, after which further ones are not looked at. */
export const WRONG_PINS_MAX = 5;
export const PIN_LOCK_MS = 10 * 60_000;
/** Students with wrong PINs that are remembered; the oldest are forgotten first. */
const STUDENTS_MAX = 1_024;

interface Tries {
  wrong: number;
  lastMs: number;
}

/** Keeps people from trying the PINs of a card that they found: six digits are a million, not more. */
export class PinTries {
  readonly #clock: Clock;
  readonly #byStudent = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isLocked(studentRef: string): boolean {
    const tries = this.#byStudent.get(studentRef);
    if (tries === undefined) return false;
    if (this.#clock.monoMs() - tries.lastMs < PIN_LOCK_MS) return tries.wrong >= WRONG_PINS_MAX;
    this.#byStudent.delete(studentRef);
    return false;
  }

  wrong(studentRef: string): void {
    const wrong = (this.#byStudent.get(studentRef)?.wrong ?? 0) + 1;
    this.#byStudent.delete(studentRef);
    this.#byStudent.set(studentRef, { wrong, lastMs: this.#clock.monoMs() });
    const [oldest] = this.#byStudent.keys();
    if (this.#byStudent.size > STUDENTS_MAX && oldest !== undefined) this.#byStudent.delete(oldest);
  }

  right(studentRef: string): void {
    this.#byStudent.delete(studentRef);
  }
}
