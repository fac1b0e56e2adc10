import { checkedByte, checkedCap, type Framer, type FramingEvent, FramingEvents } from './framer.js';

export interface StxEtxOptions {
  /** Most bytes between start and end. */
  maxBytes: number;
  /** 02 by default; must not occur inside a frame. */
  stx?: number;
  /** 03 by default. */
  etx?: number;
  /** Takes silence for the end byte, for clones that leave it out (RDM6300 note §6). */
  endsOnIdle?: boolean;
}

/**
 * Frames between a start and an end byte; a frame is what stood between them. A start byte always begins a
 * new frame, so that a whole frame behind or inside a broken one is found without going back.
 */
export class StxEtxFramer implements Framer {
  readonly #stx: number;
  readonly #etx: number;
  readonly #endsOnIdle: boolean;
  readonly #buffer: Uint8Array;
  #length = 0;
  #isInside = false;

  /** @throws RollcallError `INTERNAL` for a cap or a marker out of range. */
  constructor({ maxBytes, stx = 0x02, etx = 0x03, endsOnIdle = false }: StxEtxOptions) {
    this.#buffer = new Uint8Array(checkedCap(maxBytes));
    this.#stx = checkedByte(stx, 'stx');
    this.#etx = checkedByte(etx, 'etx');
    this.#endsOnIdle = endsOnIdle;
  }

  get pendingBytes(): number {
    return this.#isInside ? this.#length + 1 : 0;
  }

  push(chunk: Uint8Array): FramingEvent[] {
    const events = new FramingEvents();
    for (const byte of chunk) this.#take(byte, events);
    return events.list;
  }

  idle(): FramingEvent[] {
    const events = new FramingEvents();
    if (this.#isInside && this.#endsOnIdle && this.#length > 0)
      events.frame(this.#buffer.slice(0, this.#length));
    else events.discard(this.pendingBytes, 'truncated');
    this.reset();
    return events.list;
  }

  reset(): void {
    this.#length = 0;
    this.#isInside = false;
  }

  #take(byte: number, events: FramingEvents): void {
    if (byte === this.#stx) {
      events.discard(this.pendingBytes, 'truncated');
      this.#length = 0;
      this.#isInside = true;
    } else if (!this.#isInside) {
      events.discard(1, 'noise');
    } else if (byte === this.#etx) {
      events.frame(this.#buffer.slice(0, this.#length));
      this.reset();
    } else if (this.#length === this.#buffer.length) {
      events.discard(this.pendingBytes + 1, 'too_long');
      this.reset();
    } else {
      this.#buffer[this.#length++] = byte;
    }
  }
}
