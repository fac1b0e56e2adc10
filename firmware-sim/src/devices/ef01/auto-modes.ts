import { CONFIRM, type SensorState } from './sensor-state.js';

const CAPTURES = 6;
const LOOK_EVERY_MS = 100;
/** Nobody there for so long: the mode ends with a time-out (R503 user manual V1.2, AutoEnroll). */
const GIVE_UP_MS = 10_000;
const BUFFER = 1;
const STEP = { duplicate: 0x0d, merge: 0x0e, store: 0x0f, search: 0x02, captured: 0x01 };
/** Any slot that is free. */
const SLOT_FREE = 0xc8;

export interface AutoModesOptions {
  state: SensorState;
  capacity: number;
  after(ms: number, act: () => void): () => void;
  acknowledge(code: number, data: readonly number[]): void;
}

/** What an R503 does by itself until it is done, nobody comes, or it is cancelled: several acknowledgements each. */
export class AutoModes {
  readonly #options: AutoModesOptions;
  #cancel: (() => void) | undefined;

  constructor(options: AutoModesOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Parameters: slot, may overwrite, may be enrolled already, tells steps, wants the finger lifted. */
  enroll([wanted = 0, mayOverwrite = 0, mayRepeat = 0, tellsSteps = 0]: Uint8Array): void {
    const { state, acknowledge } = this.#options;
    const slot = wanted === SLOT_FREE ? this.#freeSlot() : wanted;
    if (slot === undefined || (state.library.has(slot) && mayOverwrite === 0)) {
      acknowledge(slot === undefined ? CONFIRM.full : CONFIRM.enrolled, [0, wanted]);
      return;
    }
    const tell = (step: number): void => {
      if (tellsSteps !== 0) acknowledge(CONFIRM.ok, [step, slot]);
    };
    this.#capture(
      1,
      () => {
        const found = state.search(BUFFER, 0, this.#options.capacity);
        if (found.code === CONFIRM.ok && mayRepeat === 0) {
          acknowledge(CONFIRM.enrolled, [STEP.duplicate, found.slot & 0xff]);
          return;
        }
        tell(STEP.duplicate);
        if (state.combine() !== CONFIRM.ok) {
          acknowledge(CONFIRM.notCombined, [STEP.merge, slot]);
          return;
        }
        tell(STEP.merge);
        acknowledge(state.store(BUFFER, slot), [STEP.store, slot]);
      },
      tell,
    );
  }

  /** Parameters: security level, first slot, count (0: as many as there are), tells steps, errors allowed. */
  identify([, first = 0, count = 0, tellsSteps = 0]: Uint8Array): void {
    const { state, capacity, acknowledge } = this.#options;
    const none = [0, 0, 0, 0];
    this.#whenTouched(0, () => {
      const code = state.extract(BUFFER);
      if (code !== CONFIRM.ok) {
        acknowledge(code, [STEP.captured, ...none]);
        return;
      }
      if (tellsSteps !== 0) acknowledge(CONFIRM.ok, [STEP.captured, ...none]);
      const found = state.search(BUFFER, first, count === 0 ? capacity : count);
      const place = [found.slot >> 8, found.slot & 0xff, found.score >> 8, found.score & 0xff];
      acknowledge(found.code, [STEP.search, ...place]);
    });
  }

  /** One after the other, the finger lifted in between. */
  #capture(capture: number, done: () => void, tell: (step: number) => void): void {
    const { state, acknowledge } = this.#options;
    this.#whenTouched(0, () => {
      const code = state.extract(capture);
      if (code !== CONFIRM.ok) {
        acknowledge(code, [capture, 0]);
        return;
      }
      tell(capture);
      if (capture === CAPTURES) done();
      else this.#whenLifted(() => this.#capture(capture + 1, done, tell));
    });
  }

  #whenTouched(waitedMs: number, act: () => void): void {
    const { state, after, acknowledge } = this.#options;
    if (state.capture() === CONFIRM.ok) act();
    else if (waitedMs >= GIVE_UP_MS) acknowledge(CONFIRM.timedOut, [0, 0]);
    else this.#cancel = after(LOOK_EVERY_MS, () => this.#whenTouched(waitedMs + LOOK_EVERY_MS, act));
  }

  #whenLifted(act: () => void): void {
    const { state, after } = this.#options;
    if (state.touch === undefined) act();
    else this.#cancel = after(LOOK_EVERY_MS, () => this.#whenLifted(act));
  }

  #freeSlot(): number | undefined {
    const { state, capacity } = this.#options;
    for (let slot = 0; slot < capacity; slot++) if (!state.library.has(slot)) return slot;
    return undefined;
  }
}
