import { FRAME_BYTES_MAX } from '@rollcall/protocol/framing/framer';
import { LengthPrefixedFramer } from '@rollcall/protocol/framing/length-prefixed';

/** Before every packet on TCP; then its length, four bytes, least significant first. */
const PREFIX = [0x50, 0x50, 0x82, 0x7d] as const;
const PREFIX_BYTES = 8;
const HEADER_BYTES = 8;

/** Commands and answers, by the names of adrobinoga/zk-protocol. */
export const COMMAND = {
  attendanceLog: 13,
  users: 9,
  option: 11,
  writeUser: 8,
  deleteUser: 18,
  deleteFinger: 134,
  refreshData: 1013,
  sizes: 50,
  getTime: 201,
  setTime: 202,
  event: 500,
  connect: 1000,
  exit: 1001,
  auth: 1102,
  prepareData: 1500,
  data: 1501,
  freeData: 1502,
  prepareBuffer: 1503,
  readBuffer: 1504,
  ok: 2000,
  error: 2001,
  unauthorized: 2005,
} as const;

export interface Packet {
  command: number;
  /** Of an event: which kind. */
  session: number;
  reply: number;
  data: Uint8Array;
}

/** Ones' complement of the sum of little-endian words, the checksum itself being 0; an odd last byte as it is. */
export function zkChecksum(packet: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < packet.length; at += 2) {
    if (at === 2) continue;
    sum += (packet[at] ?? 0) | ((packet[at + 1] ?? 0) << 8);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function encodePacket({ command, session, reply, data }: Packet): Uint8Array {
  const bytes = Buffer.alloc(PREFIX_BYTES + HEADER_BYTES + data.length);
  bytes.set(PREFIX);
  bytes.writeUInt32LE(HEADER_BYTES + data.length, 4);
  bytes.writeUInt16LE(command, 8);
  bytes.writeUInt16LE(session, 12);
  bytes.writeUInt16LE(reply, 14);
  bytes.set(data, PREFIX_BYTES + HEADER_BYTES);
  bytes.writeUInt16LE(zkChecksum(bytes.subarray(PREFIX_BYTES)), 10);
  return bytes;
}

/** Takes a whole frame apart, as the framer hands it out. */
export function decodePacket(frame: Uint8Array): Packet {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    command: bytes.readUInt16LE(8),
    session: bytes.readUInt16LE(12),
    reply: bytes.readUInt16LE(14),
    data: bytes.subarray(PREFIX_BYTES + HEADER_BYTES),
  };
}

export function packetFramer(): LengthPrefixedFramer {
  return new LengthPrefixedFramer({
    start: PREFIX,
    lengthOffset: 4,
    lengthSize: 4,
    endian: 'le',
    extra: PREFIX_BYTES,
    maxBytes: FRAME_BYTES_MAX,
    isValid: (frame) => frame.length >= PREFIX_BYTES + HEADER_BYTES && hasGoodChecksum(frame),
  });
}

function hasGoodChecksum(frame: Uint8Array): boolean {
  const packet = frame.subarray(PREFIX_BYTES);
  const written = (packet[2] ?? 0) | ((packet[3] ?? 0) << 8);
  const right = zkChecksum(packet);
  // Two ways to write zero in ones' complement.
  return written === right || (written % 0xffff === 0 && right % 0xffff === 0);
}

/** The scrambled comm key (4370 note): reversed bits, the session, two rounds of exclusive or. */
export function scrambledKey(key: number, session: number, ticks = 50): Uint8Array {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = (reversed << 1) | ((key >>> bit) & 1);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE((reversed + session) >>> 0);
  const mask = Buffer.from('ZKSO', 'latin1');
  const [, b = 0, c = 0, d = 0] = sum.map((byte, at) => byte ^ (mask[at] ?? 0));
  // The halves have changed places, and the third byte carries the tick itself.
  return Uint8Array.of(c ^ ticks, d ^ ticks, ticks, b ^ ticks);
}
