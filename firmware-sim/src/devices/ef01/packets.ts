/** Packet kinds (R503 user manual V1.2, chapter 4). */
export const KIND = { command: 1, data: 2, ack: 7, end: 8 } as const;

const HEAD = 9;
const LENGTH_MAX = 258;
export const DEFAULT_ADDRESS = 0xffffffff;

export interface ReceivedPacket {
  address: number;
  kind: number;
  content: Uint8Array;
  isIntact: boolean;
}

/** Start, address, kind, length (content and sum), content, and the 16-bit sum of everything behind the address. */
export function packet(kind: number, content: Uint8Array, address = DEFAULT_ADDRESS): Uint8Array {
  const length = content.length + 2;
  const summed = [kind, length >> 8, length & 0xff, ...content];
  const sum = summed.reduce((total, byte) => total + byte, 0) & 0xffff;
  const addressBytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
  return Uint8Array.from([0xef, 0x01, ...addressBytes, ...summed, sum >> 8, sum & 0xff]);
}

/** Collects what the host sends and hands out whole packets; bytes that start none are lost. */
export class PacketReader {
  #held: number[] = [];

  push(bytes: Uint8Array): ReceivedPacket[] {
    this.#held.push(...bytes);
    const packets: ReceivedPacket[] = [];
    for (;;) {
      const found = this.#next();
      if (found === undefined) return packets;
      packets.push(found);
    }
  }

  clear(): void {
    this.#held = [];
  }

  #next(): ReceivedPacket | undefined {
    const held = this.#held;
    for (;;) {
      while (held.length > 0 && (held[0] !== 0xef || (held.length > 1 && held[1] !== 0x01))) held.shift();
      if (held.length < HEAD) return undefined;
      const length = ((held[7] ?? 0) << 8) | (held[8] ?? 0);
      if (length >= 2 && length <= LENGTH_MAX) {
        return held.length < HEAD + length ? undefined : parse(held.splice(0, HEAD + length));
      }
      held.shift();
    }
  }
}

function parse(bytes: readonly number[]): ReceivedPacket {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const sum = bytes.slice(6, -2).reduce((total, byte) => total + byte, 0) & 0xffff;
  return {
    address: view.getUint32(2),
    kind: bytes[6] ?? 0,
    content: Uint8Array.from(bytes.slice(HEAD, -2)),
    isIntact: sum === view.getUint16(bytes.length - 2),
  };
}
