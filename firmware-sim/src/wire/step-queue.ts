import type { Clock } from '@rollcall/protocol/clock';
import { bytesOf, type LineStep } from './paced-line.js';

/** Steps one after the other on a wire that has no speed of its own; only pauses take time. */
export class StepQueue {
  readonly #clock: Clock;
  readonly #deliver: (bytes: Uint8Array) => void;
  #steps: LineStep[] = [];
  #queuedBytes = 0;
  #isFrozen = false;
  #cancelPause: (() => void) | undefined;

  constructor(clock: Clock, deliver: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  get waiting(): number {
    return this.#steps.length;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  push(steps: readonly LineStep[]): void {
    this.#queuedBytes += bytesOf(steps);
    this.#steps.push(...steps);
    this.#run();
  }

  /** Nothing leaves until `thaw`, not even what is waiting: a device that hangs. */
  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#run();
  }

  /** Forgets everything that is waiting. */
  clear(): void {
    this.#steps = [];
    this.#queuedBytes = 0;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  #run(): void {
    while (this.#cancelPause === undefined && !this.#isFrozen) {
      const step = this.#steps.shift();
      if (step === undefined) return;
      if (step.kind === 'act') step.act();
      else if (step.kind === 'bytes') {
        this.#queuedBytes -= step.bytes.length;
        this.#deliver(step.bytes);
      } else {
        this.#cancelPause = this.#clock.after(step.pauseMs, () => {
          this.#cancelPause = undefined;
          this.#run();
        });
      }
    }
  }
}
