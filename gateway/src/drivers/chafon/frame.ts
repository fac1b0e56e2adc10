import {
  type DiscardReason,
  type Framer,
  type FramingEvent,
  FramingEvents,
} from '@rollcall/protocol/framing/framer';

/** Polynomial of CRC-16/MCRF4XX, reflected (UHF note, part A). */
const CRC_POLYNOMIAL = 0x8408;
const CRC_START = 0xffff;
/** Length, address, command, status, checksum: no answer is shorter. */
const LENGTH_MIN = 5;
const FRAME_BYTES_MAX = 256;

/** CRC-16/MCRF4XX: 6F91 over the digits 1 to 9. */
export function crc16(bytes: Uint8Array): number {
  let value = CRC_START;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ CRC_POLYNOMIAL : value >> 1;
  }
  return value;
}

export function encodeCommand(address: number, command: number, data: readonly number[] = []): Uint8Array {
  const body = Uint8Array.of(data.length + 4, address, command, ...data);
  const crc = crc16(body);
  return Uint8Array.of(...body, crc & 0xff, crc >> 8);
}

/**
 * Frames without a start marker: the first byte is the length of what follows, the last two are the checksum. Any byte
 * can look like a length, so only answers to the commands that are asked are frames; after a wrong checksum the search
 * goes on one byte later, and silence gives up what has no end.
 */
export class ChafonFramer implements Framer {
  readonly #commands: readonly number[];
  /** Twice the longest frame, so that moving the unfinished one to the front pays for a frame of bytes. */
  readonly #buffer = new Uint8Array(FRAME_BYTES_MAX * 2);
  #from = 0;
  #to = 0;

  constructor(commands: readonly number[]) {
    this.#commands = commands;
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
      this.#discard('truncated', events);
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
      const length = this.#buffer[this.#from] ?? 0;
      if (length < LENGTH_MIN) {
        this.#discard('bad_length', events);
        continue;
      }
      const command = this.pendingBytes > 2 ? this.#buffer[this.#from + 2] : undefined;
      if (command !== undefined && !this.#commands.includes(command)) {
        this.#discard('noise', events);
        continue;
      }
      const total = length + 1;
      if (this.pendingBytes < total) return;
      const frame = this.#buffer.slice(this.#from, this.#from + total);
      const crc = crc16(frame.subarray(0, -2));
      if (frame.at(-2) === (crc & 0xff) && frame.at(-1) === crc >> 8) {
        events.frame(frame);
        this.#from += total;
      } else {
        this.#discard('bad_checksum', events);
      }
    }
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
