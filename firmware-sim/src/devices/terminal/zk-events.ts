import type { Clock } from '@rollcall/protocol/clock';

const EVENT_REPEAT_MS = 3_000;
const EVENT_REPEATS_MAX = 5;

interface PendingEvent {
  data: Buffer;
  left: number;
}

/** What a terminal tells unasked: each one again and again until it is acknowledged, or told often enough. */
export class ZkEvents {
  readonly #clock: Clock;
  readonly #tell: (data: Buffer) => void;
  #events: PendingEvent[] = [];
  #cancelRepeat: (() => void) | undefined;

  constructor(clock: Clock, tell: (data: Buffer) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(data: Buffer): void {
    this.#events.push({ data, left: EVENT_REPEATS_MAX });
    if (this.#events.length === 1) this.#tellFirst();
  }

  acknowledged(): void {
    this.#cancelRepeat?.();
    this.#events.shift();
    this.#tellFirst();
  }

  clear(): void {
    this.#cancelRepeat?.();
    this.#events = [];
  }

  #tellFirst(): void {
    const [event] = this.#events;
    if (event === undefined) return;
    if (event.left === 0) {
      this.#events.shift();
      this.#tellFirst();
      return;
    }
    event.left -= 1;
    this.#tell(event.data);
    this.#cancelRepeat?.();
    this.#cancelRepeat = this.#clock.after(EVENT_REPEAT_MS, () => this.#tellFirst());
  }
}
