/** Frames between a PN532 and its host, as the chip sees them (UM0701-02 §6.2; PN532 note §2). */
export type HostFrame =
  | { type: 'ack' }
  | { type: 'nack' }
  | { type: 'command'; code: number; parameters: Uint8Array }
  /** A frame that the chip does not accept. */
  | { type: 'bad'; reason: string };

const FROM_HOST = 0xd4;
const TO_HOST = 0xd5;
const HELD_BYTES_MAX = 512;
const EXTENDED_FROM = 0x100;
export const ACK_FRAME = Uint8Array.from([0x00, 0x00, 0xff, 0x00, 0xff, 0x00]);
export const ERROR_FRAME = Uint8Array.from([0x00, 0x00, 0xff, 0x01, 0xff, 0x7f, 0x81, 0x00]);

const negated = (sum: number): number => (0x100 - (sum & 0xff)) & 0xff;
const total = (bytes: Iterable<number>): number => {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum;
};

/** The answer to a command, with the code that is one higher. */
export function answerFrame(code: number, data: Iterable<number>): Uint8Array {
  const body = [TO_HOST, code + 1, ...data];
  const head =
    body.length < EXTENDED_FROM
      ? [body.length, negated(body.length)]
      : [
          0xff,
          0xff,
          body.length >> 8,
          body.length & 0xff,
          negated((body.length >> 8) + (body.length & 0xff)),
        ];
  return Uint8Array.from([0x00, 0x00, 0xff, ...head, ...body, negated(total(body)), 0x00]);
}

/** Cuts what the host sends into frames; anything else is nothing. */
export class HostFrames {
  #held: number[] = [];

  push(bytes: Uint8Array): HostFrame[] {
    this.#held.push(...bytes);
    const frames: HostFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    this.#held.splice(0, Math.max(0, this.#held.length - HELD_BYTES_MAX));
    return frames;
  }

  clear(): void {
    this.#held = [];
  }

  #next(): HostFrame | undefined {
    const held = this.#held;
    const start = held.findIndex((byte, index) => byte === 0xff && held[index - 1] === 0x00);
    if (start < 0) return undefined;
    const [length = -1, check = -1, high = 0, low = 0, extendedCheck = 0] = held.slice(start + 1);
    if (check < 0) return undefined;
    if (length === 0x00 && check === 0xff) return this.#take(start + 3, { type: 'ack' });
    if (length === 0xff && check === 0x00) return this.#take(start + 3, { type: 'nack' });
    const isExtended = length === 0xff && check === 0xff;
    if (isExtended && held.length < start + 6) return undefined;
    const size = isExtended ? high * 256 + low : length;
    const sum = isExtended ? high + low + extendedCheck : length + check;
    const from = start + (isExtended ? 6 : 3);
    if ((sum & 0xff) !== 0) return this.#take(start + 1, { type: 'bad', reason: 'length checksum' });
    if (held.length < from + size + 1) return undefined;
    const body = held.slice(from, from + size);
    if ((total(body) + (held[from + size] ?? 0)) % 256 !== 0) {
      return this.#take(start + 1, { type: 'bad', reason: 'data checksum' });
    }
    const [direction, code] = body;
    if (direction !== FROM_HOST || code === undefined) {
      return this.#take(from + size + 1, { type: 'bad', reason: 'no command' });
    }
    return this.#take(from + size + 1, { type: 'command', code, parameters: Uint8Array.from(body.slice(2)) });
  }

  #take(count: number, frame: HostFrame): HostFrame {
    this.#held.splice(0, count);
    return frame;
  }
}
