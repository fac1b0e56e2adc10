import { sum16 } from '@rollcall/protocol/framing/checksum';
import { LengthPrefixedFramer } from '@rollcall/protocol/framing/length-prefixed';

/** Packet kinds (EF01 note §2). */
export const PID = { command: 0x01, data: 0x02, ack: 0x07, lastData: 0x08 } as const;

const START = [0xef, 0x01] as const;
const HEAD_BYTES = 9;
const CHECKSUM_BYTES = 2;
const CONTENT_BYTES_MAX = 256;
/** The longest data packet that there is. */
export const PACKET_BYTES_MAX = HEAD_BYTES + CONTENT_BYTES_MAX + CHECKSUM_BYTES;

export interface Packet {
  address: number;
  pid: number;
  payload: Uint8Array;
}

/** Header, address, kind, length and checksum around the payload (EF01 note §2). */
export function encodePacket({ address, pid, payload }: Packet): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(START);
  view.setUint32(2, address);
  view.setUint8(6, pid);
  view.setUint16(7, payload.length + CHECKSUM_BYTES);
  bytes.set(payload, HEAD_BYTES);
  view.setUint16(bytes.length - CHECKSUM_BYTES, sum16(bytes.subarray(6, -CHECKSUM_BYTES)));
  return bytes;
}

/** Of a frame that the framer has checked. */
export function decodePacket(frame: Uint8Array): Packet {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    address: view.getUint32(2),
    pid: view.getUint8(6),
    payload: frame.subarray(HEAD_BYTES, -CHECKSUM_BYTES),
  };
}

/** The length counts payload and checksum; the checksum covers kind, length and payload (EF01 note §2). */
export function packetFramer(): LengthPrefixedFramer {
  return new LengthPrefixedFramer({
    start: START,
    lengthOffset: 7,
    lengthSize: 2,
    extra: HEAD_BYTES,
    maxBytes: PACKET_BYTES_MAX,
    isValid: (frame) => {
      if (frame.length <= HEAD_BYTES + CHECKSUM_BYTES) return false;
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      return view.getUint16(frame.length - CHECKSUM_BYTES) === sum16(frame.subarray(6, -CHECKSUM_BYTES));
    },
  });
}
