import { sum8 } from '@rollcall/protocol/framing/checksum';
import {
  type DiscardReason,
  type Framer,
  type FramingEvent,
  FramingEvents,
} from '@rollcall/protocol/framing/framer';

/** Zeros that may stand before a start code: the postamble of the frame before, the preamble, and the code's own. */
const LEADING_ZEROS_MAX = 3;
/** Most bytes between length and checksum: what the chip's extended frames carry (UM0701-02 §6.2.1.2). */
export const FRAME_DATA_BYTES_MAX = 265;
const EXTENDED_HEAD_BYTES = 5;
const FRAME_BYTES_MAX = LEADING_ZEROS_MAX + 1 + EXTENDED_HEAD_BYTES + FRAME_DATA_BYTES_MAX + 1;

/**
 * Frames of the PN532 (PN532 note §2). A frame is handed out from the byte behind the start code to its last:
 * `00 FF` is an acknowledgment, `FF 00` a refusal of one, anything else has its length in front and its checksum
 * behind it. Extra zeros belong to the line, not to frames. After a wrong length or checksum the search goes on one
 * byte later, so that a good frame inside a wrong one is found.
 */
export class Pn532Framer implements Framer {
  /** Twice the cap, so that moving the unfinished frame to the front pays for a cap of bytes. */
  readonly #buffer = new Uint8Array(FRAME_BYTES_MAX * 2);
  #from = 0;
  #to = 0;

  /** Zeros alone are no begun frame: every frame leaves one behind. */
  get pendingBytes(): number {
    const held = this.#to - this.#from;
    return held > this.#leadingZeros() ? held : 0;
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
      this.#discard('truncated', events);
      this.#scan(events);
    }
    this.reset();
    return events.list;
  }

  reset(): void {
    this.#from = 0;
    this.#to = 0;
  }

  #scan(events: FramingEvents): void {
    while (this.#from < this.#to) {
      const zeros = this.#leadingZeros();
      if (zeros > LEADING_ZEROS_MAX) {
        this.#discard('noise', events);
        continue;
      }
      const start = this.#from + zeros;
      if (start === this.#to) return;
      if (zeros === 0 || this.#buffer[start] !== 0xff) {
        this.#discard('noise', events);
        continue;
      }
      const body = this.#buffer.subarray(start + 1, this.#to);
      const found = measure(body);
      if (found === 'incomplete') return;
      if (typeof found === 'string') {
        this.#discard(found, events);
        continue;
      }
      events.frame(body.slice(0, found.bytes));
      this.#from = start + 1 + found.bytes;
    }
  }

  #leadingZeros(): number {
    let at = this.#from;
    while (at < this.#to && this.#buffer[at] === 0) at++;
    return at - this.#from;
  }

  #discard(reason: DiscardReason, events: FramingEvents): void {
    events.discard(1, reason);
    this.#from += 1;
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

/** How long the frame is whose bytes begin here, or why there is none. */
function measure(body: Uint8Array): { bytes: number } | 'incomplete' | 'bad_length' | 'bad_checksum' {
  const [length, complement] = body;
  if (length === undefined || complement === undefined) return 'incomplete';
  if (length === 0 && complement === 0xff) return { bytes: 2 };
  if (length === 0xff && complement === 0) return { bytes: 2 };
  if (length === 0xff && complement === 0xff) {
    if (body.length < EXTENDED_HEAD_BYTES) return 'incomplete';
    const total = (body[2] ?? 0) * 256 + (body[3] ?? 0);
    if (sum8(body.subarray(2, 5)) !== 0 || total === 0 || total > FRAME_DATA_BYTES_MAX) return 'bad_length';
    return checked(body, EXTENDED_HEAD_BYTES, total);
  }
  if (length === 0 || ((length + complement) & 0xff) !== 0) return 'bad_length';
  return checked(body, 2, length);
}

function checked(
  body: Uint8Array,
  head: number,
  length: number,
): { bytes: number } | 'incomplete' | 'bad_checksum' {
  const bytes = head + length + 1;
  if (body.length < bytes) return 'incomplete';
  return sum8(body.subarray(head, bytes)) === 0 ? { bytes } : 'bad_checksum';
}
