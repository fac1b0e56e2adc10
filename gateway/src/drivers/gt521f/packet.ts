import { sum16 } from '@rollcall/protocol/framing/checksum';
import { type Found, SearchingFramer } from '@rollcall/protocol/framing/searching-framer';

export const REPLY = { ack: 0x30, nack: 0x31 } as const;

const COMMAND_START = [0x55, 0xaa] as const;
const DATA_START = [0x5a, 0xa5] as const;
/** GT-521F note §A2: start, device id, parameter, code, sum; everything little-endian. */
const COMMAND_BYTES = 12;
const CHECKSUM_BYTES = 2;
const DATA_HEAD_BYTES = 4;
const DEVICE_ID = 1;
/** The largest data packet: an image of 258 × 202. */
export const DATA_BYTES_MAX = 52_116;
const PACKET_BYTES_MAX = DATA_BYTES_MAX + DATA_HEAD_BYTES + CHECKSUM_BYTES;

export function encodeCommand(code: number, parameter: number): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(COMMAND_START);
  view.setUint16(2, DEVICE_ID, true);
  view.setUint32(4, parameter >>> 0, true);
  view.setUint16(8, code, true);
  view.setUint16(10, sum16(bytes.subarray(0, 10)), true);
  return bytes;
}

export function encodeData(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(DATA_HEAD_BYTES + payload.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(DATA_START);
  view.setUint16(2, DEVICE_ID, true);
  bytes.set(payload, DATA_HEAD_BYTES);
  view.setUint16(bytes.length - CHECKSUM_BYTES, sum16(bytes.subarray(0, -CHECKSUM_BYTES)), true);
  return bytes;
}

export interface Response {
  isAck: boolean;
  parameter: number;
}

/** Of a frame that the framer has checked; undefined for one that is no answer. */
export function decodeResponse(frame: Uint8Array): Response | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const code = view.getUint16(8, true);
  if (code !== REPLY.ack && code !== REPLY.nack) return undefined;
  return { isAck: code === REPLY.ack, parameter: view.getUint32(4, true) };
}

export const isData = (frame: Uint8Array): boolean => frame[0] === DATA_START[0];

export const payloadOf = (frame: Uint8Array): Uint8Array => frame.subarray(DATA_HEAD_BYTES, -CHECKSUM_BYTES);

/** Answers of 12 bytes, and data packets whose length only the question tells (GT-521F note §A2). */
export class Gt521fFramer extends SearchingFramer {
  #dataBytes: number | undefined;

  constructor() {
    super(PACKET_BYTES_MAX);
  }

  /** Data packets have so many bytes of content from now on; undefined: none are expected. */
  expectData(bytes: number | undefined): void {
    this.#dataBytes = bytes;
  }

  protected override measure(held: Uint8Array): Found {
    const bytes = this.#expectedBytes(held);
    if (bytes === undefined) return 'noise';
    if (held.length < bytes) return 'incomplete';
    const content = held.subarray(0, bytes - CHECKSUM_BYTES);
    const view = new DataView(held.buffer, held.byteOffset, bytes);
    return view.getUint16(content.length, true) === sum16(content) ? { bytes } : 'bad_checksum';
  }

  /** Bytes of the packet that starts here, or may start here; undefined where none can. */
  #expectedBytes([first, second]: Uint8Array): number | undefined {
    const startsWith = ([a, b]: readonly [number, number]): boolean =>
      first === a && (second === undefined || second === b);
    if (startsWith(COMMAND_START)) return COMMAND_BYTES;
    if (this.#dataBytes === undefined || !startsWith(DATA_START)) return undefined;
    return DATA_HEAD_BYTES + this.#dataBytes + CHECKSUM_BYTES;
  }
}
