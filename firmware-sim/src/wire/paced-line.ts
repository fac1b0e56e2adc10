import type { Clock } from '@rollcall/protocol/clock';

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
/**
 * A frame up to this long is handed over whole, when its last byte would have left; a longer one in pieces of this
 * length. A UART is never held up inside a frame, and this process may be: no pause of ours may look like one of the
 * device. Who wants a pause inside a frame sends it as steps.
 */
const PIECE_BYTES_MAX = 256;
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
  /** Receives each piece, of 256 bytes at most, when its last byte would have left a real UART or later. */
  deliver(piece: Uint8Array): void;
}

/** Sends bytes as slowly as a UART of the given baud rate does; a pty by itself has no speed. */
export class PacedLine {
  readonly #clock: Clock;
  #byteMs: number;
  readonly #deliver: (piece: Uint8Array) => void;
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
    const [step] = this.#steps;
    // What is on the line already is on the line.
    if (this.#cancelTimer !== undefined && step?.kind === 'bytes')
      this.#deliverSome(step.bytes, this.#dueBytes());
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

  /** Sends a piece when its time has come; false when it has to wait. A process that was held up catches up. */
  #sendDue(bytes: Uint8Array): boolean {
    const length = Math.min(bytes.length, PIECE_BYTES_MAX);
    const missing = length - this.#dueBytes();
    if (missing > 0) {
      this.#cancelTimer = this.#clock.after(Math.ceil(missing * this.#byteMs), () => this.#next());
      return false;
    }
    this.#deliverSome(bytes, length);
    return true;
  }

  /** Bytes that would have left by now and have not been delivered. */
  #dueBytes(): number {
    const elapsedMs = this.#clock.monoMs() - this.#runStartMs;
    return Math.floor(elapsedMs / this.#byteMs) - this.#sentInRun;
  }

  /** The first bytes of the present step. */
  #deliverSome(bytes: Uint8Array, length: number): void {
    const piece = bytes.subarray(0, length);
    const rest = bytes.subarray(piece.length);
    this.#sentInRun += piece.length;
    this.#queuedBytes -= piece.length;
    if (rest.length === 0) this.#steps.shift();
    else this.#steps[0] = { kind: 'bytes', bytes: rest };
    if (piece.length > 0) this.#deliver(piece);
  }
}

/** How many bytes the steps put on the wire. */
export const bytesOf = (steps: readonly LineStep[]): number =>
  steps.reduce((sum, step) => sum + (step.kind === 'bytes' ? step.bytes.length : 0), 0);
