import {
  checkedByte,
  checkedCap,
  type DiscardReason,
  type Framer,
  type FramingEvent,
  FramingEvents,
} from './framer.js';

export interface DelimiterOptions {
  /** Most bytes of one frame, delimiter not counted. */
  maxBytes: number;
  /** The byte that ends a frame; line feed by default. */
  delimiter?: number;
  /**
   * Gives up everything up to the first delimiter: a port opened in the middle of a line yields a tail that
   * looks like a whole one (edge §0, finding 1).
   */
  dropFirst?: boolean;
}

const LINE_FEED = 0x0a;

/** Frames that end with one byte. A frame is what stood before it; a carriage return is part of it. */
export class DelimiterFramer implements Framer {
  readonly #delimiter: number;
  readonly #dropFirst: boolean;
  readonly #buffer: Uint8Array;
  #length = 0;
  /** Set while bytes are given up until the next delimiter. */
  #skipping: DiscardReason | undefined;

  /** @throws RollcallError `INTERNAL` for a cap or a delimiter out of range. */
  constructor({ maxBytes, delimiter = LINE_FEED, dropFirst = false }: DelimiterOptions) {
    this.#buffer = new Uint8Array(checkedCap(maxBytes));
    this.#delimiter = checkedByte(delimiter, 'delimiter');
    this.#dropFirst = dropFirst;
    this.reset();
  }

  get pendingBytes(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): FramingEvent[] {
    const events = new FramingEvents();
    let from = 0;
    while (from < chunk.length) {
      const found = chunk.indexOf(this.#delimiter, from);
      const to = found < 0 ? chunk.length : found;
      this.#take(chunk.subarray(from, to), events);
      if (found >= 0) this.#end(events);
      from = to + 1;
    }
    return events.list;
  }

  /** A line may pause for as long as it likes: people type too. */
  idle(): FramingEvent[] {
    return [];
  }

  reset(): void {
    this.#length = 0;
    this.#skipping = this.#dropFirst ? 'unproven_start' : undefined;
  }

  #take(piece: Uint8Array, events: FramingEvents): void {
    if (this.#skipping === undefined && this.#length + piece.length > this.#buffer.length) {
      events.discard(this.#length, 'too_long');
      this.#length = 0;
      this.#skipping = 'too_long';
    }
    if (this.#skipping !== undefined) {
      events.discard(piece.length, this.#skipping);
      return;
    }
    this.#buffer.set(piece, this.#length);
    this.#length += piece.length;
  }

  #end(events: FramingEvents): void {
    if (this.#skipping === undefined) {
      events.frame(this.#buffer.slice(0, this.#length));
      this.#length = 0;
      return;
    }
    events.discard(1, this.#skipping);
    this.#skipping = undefined;
  }
}
