import type { Clock } from '@rollcall/protocol/clock';
import type { LogLevel, RootLog } from '../log.js';

const MINUTE_MS = 60_000;

/** Changes the log level for a while: a forgotten debug level would wear out the disk. */
export class TemporaryLogLevel {
  readonly #log: RootLog;
  readonly #configured: LogLevel;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(log: RootLog, configured: LogLevel, clock: Clock) {
    this.#log = log;
    this.#configured = configured;
    this.#clock = clock;
  }

  set(level: LogLevel, minutes: number): void {
    this.#cancel?.();
    this.#log.setLevel(level);
    this.#cancel = this.#clock.after(minutes * MINUTE_MS, () => this.#log.setLevel(this.#configured));
  }

  stop(): void {
    this.#cancel?.();
  }
}
