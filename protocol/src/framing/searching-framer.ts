import { checkedCap, type DiscardReason, type Framer, type FramingEvent, FramingEvents } from './framer.js';

/** What begins at the first of the held bytes. */
export type Found =
  /** A frame of so many bytes, behind some that belong to the line and not to it. */
  | { skip?: number; bytes: number }
  /** Perhaps a frame: more has to come. */
  | 'incomplete'
  /** None, and why. */
  | DiscardReason;

/**
 * Frames that are looked for byte by byte: where none begins only the first byte is given up and the rest is searched
 * again. A good frame inside a bad one is recovered, and a false start cannot swallow what follows (edge §1.5).
 */
export abstract class SearchingFramer implements Framer {
  /** Twice the cap: at most one frame is pending, so that moving it to the front pays for a cap of bytes. */
  readonly #buffer: Uint8Array;
  #from = 0;
  #to = 0;

  /**
   * @param maxBytes most bytes of a frame and what stands before it.
   * @throws RollcallError `INTERNAL` for a cap that bounds nothing.
   */
  constructor(maxBytes: number) {
    this.#buffer = new Uint8Array(checkedCap(maxBytes) * 2);
  }

  /** Asked about at least one byte, whose frame, if one begins there, is never longer than the cap. */
  protected abstract measure(held: Uint8Array): Found;

  get pendingBytes(): number {
    return this.#to - this.#from;
  }

  push(chunk: Uint8Array): FramingEvent[] {
    const events = new FramingEvents();
    for (let taken = 0; taken < chunk.length; ) {
      this.#compact();
      const piece = chunk.subarray(taken, taken + this.#buffer.length - this.#to);
      this.#buffer.set(piece, this.#to);
      this.#to += piece.length;
      taken += piece.length;
      this.#scan(events);
    }
    return events.list;
  }

  idle(): FramingEvent[] {
    const events = new FramingEvents();
    while (this.pendingBytes > 0) {
      this.#giveUp('truncated', events);
      this.#scan(events);
    }
    this.reset();
    return events.list;
  }

  reset(): void {
    this.#from = 0;
    this.#to = 0;
  }

  /** The bytes that wait; only a view, valid until the next call. */
  protected get held(): Uint8Array {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  #scan(events: FramingEvents): void {
    while (this.#from < this.#to) {
      const found = this.measure(this.held);
      if (found === 'incomplete') return;
      if (typeof found === 'string') {
        this.#giveUp(found, events);
        continue;
      }
      const start = this.#from + (found.skip ?? 0);
      events.frame(this.#buffer.slice(start, start + found.bytes));
      this.#from = start + found.bytes;
    }
  }

  #giveUp(reason: DiscardReason, events: FramingEvents): void {
    events.discard(1, reason);
    this.#from += 1;
  }

  #compact(): void {
    if (this.#from === this.#to) this.reset();
    if (this.#to < this.#buffer.length) return;
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}
