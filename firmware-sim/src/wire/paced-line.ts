import type { Clock } from '@rollcall/protocol/clock';
import { PTY_WRITE_BYTES_MAX } from './write-limit.js';

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
/** Bytes leave in slices of this length: fine enough for 20 ms inter-byte rules, coarse enough for 115200 baud. */
const SLICE_MS = 5;
/** What a device may have waiting to be sent; a real one has a few hundred bytes and then loses data. */
export const LINE_QUEUE_BYTES_MAX = 64 * 1024;

/** What happens on the wire, one after the other. */
export type LineStep =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'pause'; pauseMs: number }
  | { kind: 'act'; act: () => void };

export interface PacedLineOptions {
  clock: Clock;
  baud: number;
  /** Receives each slice at the moment its last byte would have left a real UART. */
  deliver(slice: Uint8Array): void;
}

/** Sends bytes as slowly as a UART of the given baud rate does; a pty by itself has no speed. */
export class PacedLine {
  readonly #clock: Clock;
  #byteMs: number;
  readonly #deliver: (slice: Uint8Array) => void;
  #steps: LineStep[] = [];
  #queuedBytes = 0;
  #sentInRun = 0;
  #runStartMs = 0;
  #isRunning = false;
  #isFrozen = false;
  #cancelTimer: (() => void) | undefined;

  constructor({ clock, baud, deliver }: PacedLineOptions) {
    this.#clock = clock;
    this.#byteMs = (BITS_PER_BYTE * 1000) / baud;
    this.#deliver = deliver;
  }

  /** Holds for what is sent from now on. */
  setBaud(baud: number): void {
    this.#byteMs = (BITS_PER_BYTE * 1000) / baud;
    if (this.#isRunning) {
      this.#runStartMs = this.#clock.monoMs();
      this.#sentInRun = 0;
    }
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Queues the steps, all or none; false when there is no room for them. */
  send(steps: readonly LineStep[]): boolean {
    const bytes = bytesOf(steps);
    if (this.#queuedBytes + bytes > LINE_QUEUE_BYTES_MAX) return false;
    this.#queuedBytes += bytes;
    this.#steps.push(...steps);
    if (!this.#isRunning && !this.#isFrozen) this.#startRun();
    return true;
  }

  /** Nothing leaves until `thaw`, not even what is waiting: a device that hangs. */
  freeze(): void {
    this.#isFrozen = true;
    this.#stopRun();
  }

  thaw(): void {
    this.#isFrozen = false;
    if (!this.#isRunning && this.#steps.length > 0) this.#startRun();
  }

  /** Forgets everything that is waiting: the power is gone. */
  clear(): void {
    this.#steps = [];
    this.#queuedBytes = 0;
    this.#stopRun();
  }

  #startRun(): void {
    this.#isRunning = true;
    this.#runStartMs = this.#clock.monoMs();
    this.#sentInRun = 0;
    this.#next();
  }

  #stopRun(): void {
    this.#isRunning = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #next(): void {
    this.#cancelTimer = undefined;
    while (this.#isRunning) {
      const step = this.#steps[0];
      if (step === undefined) {
        this.#stopRun();
        return;
      }
      if (step.kind === 'bytes') {
        if (this.#sendDue(step.bytes)) continue;
        return;
      }
      this.#steps.shift();
      if (step.kind === 'act') {
        step.act();
        continue;
      }
      this.#cancelTimer = this.#clock.after(step.pauseMs, () => this.#startRun());
      return;
    }
  }

  /** Sends what the time since the run's start allows; false when the rest has to wait. */
  #sendDue(bytes: Uint8Array): boolean {
    const elapsedMs = this.#clock.monoMs() - this.#runStartMs;
    const dueBytes = Math.floor(elapsedMs / this.#byteMs) - this.#sentInRun;
    // A process that was held up catches up, but never with more than a pty takes in one piece.
    const slice = bytes.subarray(0, Math.min(dueBytes, PTY_WRITE_BYTES_MAX));
    const rest = bytes.subarray(slice.length);
    this.#sentInRun += slice.length;
    this.#queuedBytes -= slice.length;
    if (rest.length === 0) this.#steps.shift();
    else this.#steps[0] = { kind: 'bytes', bytes: rest };
    if (slice.length > 0) this.#deliver(slice);
    if (rest.length === 0 || !this.#isRunning) return true;
    const waitMs = Math.min(SLICE_MS, Math.ceil(rest.length * this.#byteMs));
    this.#cancelTimer = this.#clock.after(waitMs, () => this.#next());
    return false;
  }
}

/** How many bytes the steps put on the wire. */
export const bytesOf = (steps: readonly LineStep[]): number =>
  steps.reduce((sum, step) => sum + (step.kind === 'bytes' ? step.bytes.length : 0), 0);
