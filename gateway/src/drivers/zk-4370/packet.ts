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

/** A packet as it goes over UDP; on TCP it stands behind prefix and length. */
export function encodeBody({ command, session, reply, data }: Packet): Uint8Array {
  const body = Buffer.alloc(HEADER_BYTES + data.length);
  body.writeUInt16LE(command, 0);
  body.writeUInt16LE(session, 4);
  body.writeUInt16LE(reply, 6);
  body.set(data, HEADER_BYTES);
  body.writeUInt16LE(zkChecksum(body), 2);
  return body;
}

export function encodePacket(packet: Packet): Uint8Array {
  const body = encodeBody(packet);
  const bytes = Buffer.alloc(PREFIX_BYTES + body.length);
  bytes.set(PREFIX);
  bytes.writeUInt32LE(body.length, 4);
  bytes.set(body, PREFIX_BYTES);
  return bytes;
}

/** Takes a packet with a right checksum apart. */
export function decodeBody(body: Uint8Array): Packet {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return {
    command: bytes.readUInt16LE(0),
    session: bytes.readUInt16LE(4),
    reply: bytes.readUInt16LE(6),
    data: bytes.subarray(HEADER_BYTES),
  };
}

/** Takes a whole frame apart, as the framer hands it out. */
export function decodePacket(frame: Uint8Array): Packet {
  return decodeBody(frame.subarray(PREFIX_BYTES));
}

export function packetFramer(): LengthPrefixedFramer {
  return new LengthPrefixedFramer({
    start: PREFIX,
    lengthOffset: 4,
    lengthSize: 4,
    endian: 'le',
    extra: PREFIX_BYTES,
    maxBytes: FRAME_BYTES_MAX,
    isValid: (frame) => checkBody(frame.subarray(PREFIX_BYTES)) === 'whole',
  });
}

/** What a datagram is worth, or what stands behind prefix and length. */
export function checkBody(body: Uint8Array): 'whole' | 'short' | 'bad_checksum' {
  if (body.length < HEADER_BYTES) return 'short';
  const written = (body[2] ?? 0) | ((body[3] ?? 0) << 8);
  const right = zkChecksum(body);
  // Two ways to write zero in ones' complement.
  const isRight = written === right || (written % 0xffff === 0 && right % 0xffff === 0);
  return isRight ? 'whole' : 'bad_checksum';
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
