import { RollcallError } from '../errors.js';
import { checkedByte, checkedCap, type Framer, type FramingEvent, FramingEvents } from './framer.js';

export interface LengthPrefixedOptions {
  /** The bytes every frame begins with. */
  start: readonly number[];
  /** Where the length field is, counted from the first byte of the frame. */
  lengthOffset: number;
  /** Bytes of the length field. */
  lengthSize: 1 | 2 | 4;
  /** Byte order of the length field. */
  endian?: 'be' | 'le';
  /** Bytes of a whole frame that the length field does not count. */
  extra: number;
  /** Most bytes of a whole frame. */
  maxBytes: number;
  /** Whether a whole frame passes its checksum. */
  isValid: (frame: Uint8Array) => boolean;
}

/**
 * Frames that say how long they are; a frame is handed out whole, start and checksum included. After a bad
 * length or checksum only the first byte is given up and the rest is searched again: a good frame inside a
 * bad one is recovered, and a false start cannot swallow what follows (edge §1.5).
 */
export class LengthPrefixedFramer implements Framer {
  readonly #options: LengthPrefixedOptions;
  readonly #headBytes: number;
  /** Twice the cap: at most one frame is pending, so that moving it to the front pays for a cap of bytes. */
  readonly #buffer: Uint8Array;
  #from = 0;
  #to = 0;

  /** @throws RollcallError `INTERNAL` for options that describe no frame. */
  constructor(options: LengthPrefixedOptions) {
    const { start, lengthOffset, lengthSize, extra } = options;
    const maxBytes = checkedCap(options.maxBytes);
    for (const byte of start) checkedByte(byte, 'start');
    this.#headBytes = Math.max(start.length, lengthOffset + lengthSize);
    if (start.length === 0 || !Number.isInteger(lengthOffset) || lengthOffset < start.length) {
      throw new RollcallError(
        'INTERNAL',
        'A length-prefixed frame needs a start marker and a length field behind it',
      );
    }
    if (!Number.isInteger(extra) || this.#headBytes > maxBytes) {
      throw new RollcallError(
        'INTERNAL',
        'The extra bytes must be a whole number and the head must fit the cap',
      );
    }
    this.#options = options;
    this.#buffer = new Uint8Array(maxBytes * 2);
  }

  get pendingBytes(): number {
    return this.#to - this.#from;
  }

  push(chunk: Uint8Array): FramingEvent[] {
    const events = new FramingEvents();
    let taken = 0;
    while (taken < chunk.length) {
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
      this.#discard(1, 'truncated', events);
      this.#scan(events);
    }
    return events.list;
  }

  reset(): void {
    this.#from = 0;
    this.#to = 0;
  }

  #scan(events: FramingEvents): void {
    while (this.pendingBytes > 0) {
      if (!this.#isAtStart()) {
        this.#discard(1, 'noise', events);
        continue;
      }
      if (this.pendingBytes < this.#headBytes) return;
      const total = this.#frameBytes();
      if (total < this.#headBytes || total > this.#options.maxBytes) {
        this.#discard(1, 'bad_length', events);
        continue;
      }
      if (this.pendingBytes < total) return;
      const frame = this.#buffer.slice(this.#from, this.#from + total);
      if (this.#options.isValid(frame)) {
        events.frame(frame);
        this.#from += total;
      } else {
        this.#discard(1, 'bad_checksum', events);
      }
    }
  }

  /** True while what is there can be the start of a frame, whole or not. */
  #isAtStart(): boolean {
    const { start } = this.#options;
    const length = Math.min(start.length, this.pendingBytes);
    for (let index = 0; index < length; index++) {
      if (this.#buffer[this.#from + index] !== start[index]) return false;
    }
    return true;
  }

  #frameBytes(): number {
    const { lengthOffset, lengthSize, endian = 'be', extra } = this.#options;
    const at = this.#from + lengthOffset;
    const field = this.#buffer.subarray(at, at + lengthSize);
    const ordered = endian === 'be' ? field : field.slice().reverse();
    return ordered.reduce((value, byte) => value * 256 + byte, 0) + extra;
  }

  #discard(
    bytes: number,
    reason: 'noise' | 'bad_length' | 'bad_checksum' | 'truncated',
    events: FramingEvents,
  ): void {
    events.discard(bytes, reason);
    this.#from += bytes;
  }

  #compact(): void {
    if (this.#to < this.#buffer.length) {
      if (this.#from === this.#to) this.reset();
      return;
    }
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}
