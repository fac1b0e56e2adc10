import type { Clock } from '@rollcall/protocol/clock';
import type { Framer, FramingEvent } from '@rollcall/protocol/framing/framer';
import { Silence } from './silence.js';

export interface TimedFramerOptions {
  clock: Clock;
  framer: Framer;
  /** Longest pause inside a frame, in milliseconds; after it the rest will not come. */
  pauseMs: number;
  take(events: readonly FramingEvent[]): void;
}

/** A framer that is told when its line has been silent inside a frame. */
export class TimedFramer {
  readonly #options: TimedFramerOptions;
  readonly #pause: Silence;

  constructor(options: TimedFramerOptions) {
    this.#options = options;
    const { clock, pauseMs } = options;
    this.#pause = new Silence({ clock, limitMs: pauseMs, onSilent: () => this.end() });
  }

  push(chunk: Uint8Array): void {
    const { framer, take } = this.#options;
    take(framer.push(chunk));
    if (framer.pendingBytes > 0) this.#pause.restart();
    else this.#pause.cancel();
  }

  /** No more of the unfinished frame will come. */
  end(): void {
    const { framer, take } = this.#options;
    take(framer.idle());
  }

  close(): void {
    this.#pause.cancel();
  }
}
