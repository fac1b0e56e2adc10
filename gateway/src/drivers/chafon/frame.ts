import { type Framer, type FramingEvent, FramingEvents } from '@rollcall/protocol/framing/framer';

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
  #held = new Uint8Array(0);

  constructor(commands: readonly number[]) {
    this.#commands = commands;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): FramingEvent[] {
    const events = new FramingEvents();
    for (let at = 0; at < chunk.length; at += FRAME_BYTES_MAX) {
      this.#held = Uint8Array.of(...this.#held, ...chunk.subarray(at, at + FRAME_BYTES_MAX));
      this.#scan(events);
    }
    return events.list;
  }

  idle(): FramingEvent[] {
    const events = new FramingEvents();
    while (this.#held.length > 0) {
      events.discard(1, 'truncated');
      this.#held = this.#held.slice(1);
      this.#scan(events);
    }
    return events.list;
  }

  reset(): void {
    this.#held = new Uint8Array(0);
  }

  #scan(events: FramingEvents): void {
    let from = 0;
    while (from < this.#held.length) {
      const length = this.#held[from] ?? 0;
      if (length < LENGTH_MIN) {
        events.discard(1, 'bad_length');
        from += 1;
        continue;
      }
      const command = this.#held[from + 2];
      if (command !== undefined && !this.#commands.includes(command)) {
        events.discard(1, 'noise');
        from += 1;
        continue;
      }
      const to = from + length + 1;
      if (to > this.#held.length) break;
      const frame = this.#held.slice(from, to);
      const crc = crc16(frame.subarray(0, -2));
      if (frame.at(-2) === (crc & 0xff) && frame.at(-1) === crc >> 8) {
        events.frame(frame);
        from = to;
      } else {
        events.discard(1, 'bad_checksum');
        from += 1;
      }
    }
    this.#held = this.#held.slice(from);
  }
}
