import type { LineStep } from './paced-line.js';
import type { FrameDistortion } from './wire.js';

/** What a fault does to the frames that come next. */
export class FrameDistortions {
  #current: { distort: FrameDistortion; framesLeft: number } | undefined;

  setNext(distort: FrameDistortion, frames: number): void {
    this.#current = { distort, framesLeft: frames };
  }

  /** How this frame goes over the wire, and what is done when it has gone. */
  stepsOf(frame: Uint8Array, onSent: () => void): LineStep[] {
    const steps = this.#take()?.(frame) ?? [{ kind: 'bytes', bytes: frame }];
    return [...steps, { kind: 'act', act: onSent }];
  }

  #take(): FrameDistortion | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    current.framesLeft -= 1;
    if (current.framesLeft === 0) this.#current = undefined;
    return current.distort;
  }
}
