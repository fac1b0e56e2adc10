import { crc16Aug, sum8 } from '@rollcall/protocol/framing/checksum';
import { SCS } from './codes.js';

/**
 * Packets of OSDP v2.2 (OSDP note §2, checked against libosdp `src/osdp_phy.c`):
 * `53 address length(LE16) control [security block] code data [MAC(4)] check`.
 */
export const START = 0x53;
/** Largest packet that any device announces; libosdp's OSDP_PACKET_BUF_SIZE and most readers stay below. */
export const PACKET_BYTES_MAX = 1440;
export const MAC_BYTES = 4;
const REPLY_FLAG = 0x80;
const HEAD_BYTES = 5;
const CONTROL = { sequence: 0x03, crc: 0x04, security: 0x08 } as const;

export interface Security {
  type: number;
  /** What follows the type: key type or status; nothing in an operating channel. */
  data: Uint8Array;
}

export interface Packet {
  address: number;
  isReply: boolean;
  sequence: number;
  hasCrc: boolean;
  security?: Security;
  code: number;
  /** As it stands in the packet, sealed or not. */
  data: Uint8Array;
  /** Of packets in an operating secure channel. */
  mac?: Uint8Array;
}

/** Everything up to the check bytes, and without the MAC: what the MAC is made over. */
export function packetHead(packet: Omit<Packet, 'mac'>): Uint8Array {
  const { address, isReply, sequence, hasCrc, security, code, data } = packet;
  const block = security === undefined ? [] : [security.data.length + 2, security.type, ...security.data];
  const macBytes = security !== undefined && isOperating(security.type) ? MAC_BYTES : 0;
  const length = HEAD_BYTES + block.length + 1 + data.length + macBytes + (hasCrc ? 2 : 1);
  const control = sequence | (hasCrc ? CONTROL.crc : 0) | (security === undefined ? 0 : CONTROL.security);
  return Uint8Array.of(
    START,
    address | (isReply ? REPLY_FLAG : 0),
    length & 0xff,
    length >> 8,
    control,
    ...block,
    code,
    ...data,
  );
}

export function encodePacket(packet: Packet): Uint8Array {
  const body = Uint8Array.of(...packetHead(packet), ...(packet.mac ?? []));
  return Uint8Array.of(...body, ...checkBytes(body, packet.hasCrc));
}

/** Whether a whole frame passes the check that its control byte names. */
export function isChecked(frame: Uint8Array): boolean {
  const hasCrc = ((frame[4] ?? 0) & CONTROL.crc) !== 0;
  const bytes = hasCrc ? 2 : 1;
  if (frame.length < HEAD_BYTES + 1 + bytes) return false;
  const check = checkBytes(frame.subarray(0, -bytes), hasCrc);
  return check.every((byte, index) => frame[frame.length - bytes + index] === byte);
}

/** Undefined for a frame whose security block does not fit into it. */
export function parsePacket(frame: Uint8Array): Packet | undefined {
  const control = frame[4] ?? 0;
  const hasCrc = (control & CONTROL.crc) !== 0;
  let end = frame.length - (hasCrc ? 2 : 1);
  let at = HEAD_BYTES;
  let security: Security | undefined;
  if ((control & CONTROL.security) !== 0) {
    const length = frame[at] ?? 0;
    if (length < 2 || at + length >= end) return undefined;
    security = { type: frame[at + 1] ?? 0, data: frame.slice(at + 2, at + length) };
    at += length;
  }
  let mac: Uint8Array | undefined;
  if (security !== undefined && isOperating(security.type)) {
    end -= MAC_BYTES;
    mac = frame.slice(end, end + MAC_BYTES);
  }
  if (at >= end) return undefined;
  const address = frame[1] ?? 0;
  return {
    address: address & ~REPLY_FLAG,
    isReply: (address & REPLY_FLAG) !== 0,
    sequence: control & CONTROL.sequence,
    hasCrc,
    ...(security === undefined ? {} : { security }),
    code: frame[at] ?? 0,
    data: frame.slice(at + 1, end),
    ...(mac === undefined ? {} : { mac }),
  };
}

const isOperating = (type: number): boolean => type >= SCS.command && type <= SCS.replySealed;

/** CRC-16, low byte first, or the two's complement of the sum. */
function checkBytes(bytes: Uint8Array, hasCrc: boolean): number[] {
  if (!hasCrc) return [(0x100 - sum8(bytes)) & 0xff];
  const crc = crc16Aug(bytes);
  return [crc & 0xff, crc >> 8];
}
