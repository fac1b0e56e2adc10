import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import { isRollcallError } from '@rollcall/protocol/errors';
import { bitsOf, readWiegand, WIEGAND_LENGTHS, type WiegandResult } from '@rollcall/protocol/wiegand';
import type { OsdpOptions } from './options.js';

/** Lengths of card serial numbers that readers hand over without any format: 4, 7, 8 and 10 bytes. */
const CSN_BITS = [32, 56, 64, 80];
/** An EM4100 number behind a multi-technology reader. */
const EM4100_BITS = 40;
const UINT32_MAX = 0xffff_ffff;

/** PDID: who the reader is; undefined where it is too short to say. */
export function describeIdentity(data: Uint8Array): string | undefined {
  if (data.length < 12) return undefined;
  const [model = 0, version = 0] = data.subarray(3);
  const serial = Buffer.from(data).readUInt32LE(5);
  const vendor = Buffer.from(data.subarray(0, 3)).toString('hex').toUpperCase();
  return `OSDP reader ${vendor} model ${model}.${version} serial ${serial} firmware ${data.slice(9, 12).join('.')}`;
}

export interface Capabilities {
  hasLed: boolean;
  hasBuzzer: boolean;
  hasFingers: boolean;
  /** Largest packet that it takes. */
  packetBytesMax: number;
  /** Largest message that it takes in parts; 0 where it takes none. */
  messageBytesMax: number;
}

const FUNCTION = { led: 4, buzzer: 5, packetBytes: 0x0a, messageBytes: 0x0b, biometrics: 0x0e } as const;
/** What every reader takes (OSDP note §2). */
const PACKET_BYTES_LEAST = 128;

/** PDCAP: what the reader has. A function that is not listed is one it has not; without any list everything is tried. */
export function parseCapabilities(data: Uint8Array): Capabilities {
  const listed = new Map<number, readonly [number, number]>();
  for (let at = 0; at + 2 < data.length; at += 3) {
    listed.set(data[at] ?? 0, [data[at + 1] ?? 0, data[at + 2] ?? 0]);
  }
  const complies = (which: number): boolean => (listed.get(which)?.[0] ?? 0) > 0;
  // Of the two sizes both bytes together are one number.
  const bytes = (which: number): number => {
    const [low, high] = listed.get(which) ?? [0, 0];
    return low + high * 256;
  };
  return {
    hasLed: complies(FUNCTION.led),
    hasBuzzer: complies(FUNCTION.buzzer),
    hasFingers: complies(FUNCTION.biometrics),
    packetBytesMax: Math.max(PACKET_BYTES_LEAST, bytes(FUNCTION.packetBytes)),
    messageBytesMax: bytes(FUNCTION.messageBytes),
  };
}

/** RAW: reader, format, bit count, bits; undefined where they do not fit together. */
export function parseRaw(data: Uint8Array, options: OsdpOptions): WiegandResult | undefined {
  if (data.length < 4) return undefined;
  const count = (data[2] ?? 0) + (data[3] ?? 0) * 256;
  const bytes = data.subarray(4);
  if (count === 0 || bytes.length !== Math.ceil(count / 8)) return undefined;
  if (WIEGAND_LENGTHS.includes(count))
    return readWiegand(bitsOf(bytes, count), { uidOrder: options.uid_order });
  if (count === EM4100_BITS) return toCard(() => cardRead('em4100', bytes));
  const { csn } = options;
  if (!CSN_BITS.includes(count) || csn === 'off') return { type: 'rejected', reason: 'length' };
  const uid = options.uid_order === 'le' ? bytes.toReversed() : bytes;
  return toCard(() => cardRead(csn, uid));
}

/** FMT, deprecated: reader, direction (1 = read backward), digit count, and a printed number. */
export function parseFormatted(data: Uint8Array): WiegandResult | undefined {
  const [, direction, count = 0] = data;
  if (data.length < 4 || data.length !== 3 + count) return undefined;
  const text = Buffer.from(data.subarray(3)).toString('latin1');
  const digits = direction === 1 ? [...text].reverse().join('') : text;
  if (!/^\d{1,10}$/.test(digits) || Number(digits) > UINT32_MAX)
    return { type: 'rejected', reason: 'number' };
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(digits));
  return toCard(() => cardRead('number32', bytes));
}

/** KEYPAD: reader, count, keys; `0D` is # and `7F` is *. Undefined for anything that is no key. */
export function parseKeys(data: Uint8Array): string | undefined {
  const [, count = 0] = data;
  if (data.length < 3 || data.length !== 2 + count) return undefined;
  let keys = '';
  for (const byte of data.subarray(2)) {
    if (byte === 0x0d) keys += '#';
    else if (byte === 0x7f) keys += '*';
    else keys += String.fromCharCode(byte);
  }
  return /^[0-9*#]+$/.test(keys) ? keys : undefined;
}

function toCard(make: () => CardRead): WiegandResult {
  try {
    return { type: 'card', read: make() };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    return { type: 'rejected', reason: 'number' };
  }
}
