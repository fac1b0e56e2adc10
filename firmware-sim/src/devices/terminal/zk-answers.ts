import type { Clock } from '@rollcall/protocol/clock';

/** Between two packets. */
const PACKET_GAP_MS = 3;

/** One packet after the other, as slowly as a terminal is: there are hosts that take one at a time. */
export class ZkAnswers {
  readonly #clock: Clock;
  readonly #send: (packet: Buffer) => void;
  /** Not sent yet, but for the first. */
  #waiting: Buffer[] = [];
  #cancelSend: (() => void) | undefined;

  constructor(clock: Clock, send: (packet: Buffer) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(packet: Buffer): void {
    this.#waiting.push(packet);
    if (this.#waiting.length === 1) this.#sendNext();
  }

  clear(): void {
    this.#cancelSend?.();
    this.#waiting = [];
  }

  #sendNext(): void {
    const [packet] = this.#waiting;
    if (packet === undefined) return;
    this.#send(packet);
    this.#cancelSend = this.#clock.after(PACKET_GAP_MS, () => {
      this.#waiting.shift();
      this.#sendNext();
    });
  }
}
