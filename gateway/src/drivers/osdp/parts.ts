/**
 * Messages that are larger than a packet (OSDP v2.2 §5.10; goToMain/libosdp `src/osdp_multipart.c`, and
 * Z-bit-Systems/OSDP.Net `MessageDataFragment`): each packet has the length of the whole, where its piece begins and
 * how long that is, 16 bits each, low byte first, and then the piece.
 */
export const PART_HEAD_BYTES = 6;

export interface Part {
  total: number;
  offset: number;
  piece: Uint8Array;
}

/** Undefined where the lengths do not fit the packet, or each other. */
export function parsePart(data: Uint8Array): Part | undefined {
  if (data.length < PART_HEAD_BYTES) return undefined;
  const view = Buffer.from(data);
  const [total, offset, length] = [view.readUInt16LE(0), view.readUInt16LE(2), view.readUInt16LE(4)];
  const piece = data.subarray(PART_HEAD_BYTES);
  return piece.length === length && offset + length <= total ? { total, offset, piece } : undefined;
}

/** A message as the data of so many commands. */
export function splitMessage(message: Uint8Array, pieceBytesMax: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < message.length; offset += pieceBytesMax) {
    const piece = message.subarray(offset, offset + pieceBytesMax);
    const head = Buffer.alloc(PART_HEAD_BYTES);
    head.writeUInt16LE(message.length, 0);
    head.writeUInt16LE(offset, 2);
    head.writeUInt16LE(piece.length, 4);
    parts.push(Uint8Array.of(...head, ...piece));
  }
  return parts;
}

/** Puts a message together again. Its pieces come in order; one that comes once more changes nothing. */
export class PartialMessage {
  readonly #bytes: Uint8Array;
  #filled = 0;

  constructor(total: number) {
    this.#bytes = new Uint8Array(total);
  }

  /** False for a piece of another message, or one with a gap before it: then the whole is lost. */
  add({ total, offset, piece }: Part): boolean {
    if (total !== this.#bytes.length || offset > this.#filled || piece.length === 0) return false;
    this.#bytes.set(piece, offset);
    this.#filled = Math.max(this.#filled, offset + piece.length);
    return true;
  }

  /** Undefined while something is missing. */
  get whole(): Uint8Array | undefined {
    return this.#filled === this.#bytes.length ? this.#bytes : undefined;
  }
}
