import type { CardRead } from '@rollcall/protocol/credential';
import { bitsOf, readWiegand, readWiegandPayload, type WiegandResult } from '@rollcall/protocol/wiegand';

export type BridgeResult =
  | { type: 'card'; read: CardRead; isVerified: boolean }
  | { type: 'keys'; digits: string }
  | { type: 'rejected'; reason: string; message: string };

export interface BridgeOptions {
  plain: 'hex' | 'decimal' | 'off';
  uid_order: 'be' | 'le';
}

/** `W26 01 2F623AE`: bit count, number of the reader, right-justified hex; `26:2F623AE` without the reader. */
const COUNTED = /^(?:W(?<named>\d{1,2}) [0-9A-F]{1,2} |(?<bare>\d{1,2}):)(?<hex>[0-9A-F]{1,16})$/i;
const BITS = /^[01]{24,64}$/;
const PAIR = /^(?<facility>\d{1,3}),(?<card>\d{5})$/;
const PLAIN_HEX = /^(?:[0-9A-F]{6}|[0-9A-F]{8})$/i;
const PLAIN_DECIMAL = /^(?<facility>\d{3})(?<card>\d{5})$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const KEYS = '0123456789*#';
const MESSAGES = {
  length: 'a frame of a length that no known format has; look at the output format of the reader',
  parity:
    'a frame failed its parity; look at the wiring of D0 and D1, and at the output format of the reader',
  number: 'a number that no card has; look at the wiring of D0 and D1',
} as const;

/** One line of a bridge, in any of its forms. */
export function parseBridgeLine(line: string, options: BridgeOptions): BridgeResult {
  if (!PRINTABLE.test(line)) return rejected('garbage', 'unreadable bytes; check the speed of the bridge');
  const order = { uidOrder: options.uid_order };
  const counted = COUNTED.exec(line)?.groups;
  if (counted !== undefined) {
    return fromCount(Number(counted['named'] ?? counted['bare']), counted['hex'] ?? '', options);
  }
  if (BITS.test(line)) return toCard(readWiegand(line, order), true);
  const pair = PAIR.exec(line)?.groups;
  if (pair !== undefined) return fromPair(pair);
  if (options.plain === 'hex' && PLAIN_HEX.test(line)) {
    return toCard(readWiegandPayload(bitsOf(Buffer.from(line, 'hex'), line.length * 4), order), false);
  }
  const decimal = options.plain === 'decimal' ? PLAIN_DECIMAL.exec(line)?.groups : undefined;
  if (decimal !== undefined) return fromPair(decimal);
  return rejected('malformed', 'a line in none of the forms of a bridge; see docs/readers/wiegand.md');
}

function fromCount(count: number, hex: string, { uid_order }: BridgeOptions): BridgeResult {
  // As many digits as the count needs: a line that lost some of them is no shorter number.
  if (hex.length !== Math.ceil(count / 4)) {
    return rejected('malformed', 'a line whose digits do not fit its bit count; see docs/readers/wiegand.md');
  }
  const bits = BigInt(`0x${hex}`).toString(2).padStart(count, '0');
  if (bits.length > count) return rejected('length', MESSAGES.length);
  if (count === 4 || count === 8) return fromKeypad(bits);
  return toCard(readWiegand(bits, { uidOrder: uid_order }), true);
}

/** A key is a burst of four bits, or of eight of which the first four are the others inverted (Wiegand note §6). */
function fromKeypad(bits: string): BridgeResult {
  const value = Number.parseInt(bits.slice(-4), 2);
  const isWhole = bits.length === 4 || Number.parseInt(bits.slice(0, 4), 2) === 15 - value;
  const digits = KEYS[value];
  if (!isWhole || digits === undefined) {
    return rejected('key', 'a key that no keypad has; look at the wiring of D0 and D1');
  }
  return { type: 'keys', digits };
}

function fromPair(groups: Record<string, string>): BridgeResult {
  const facility = Number(groups['facility']);
  const card = Number(groups['card']);
  if (facility > 0xff || card > 0xffff) return rejected('number', MESSAGES.number);
  const payload = Uint8Array.of(facility, card >> 8, card & 0xff);
  return toCard(readWiegandPayload(bitsOf(payload, 24)), false);
}

function toCard(result: WiegandResult, isVerified: boolean): BridgeResult {
  if (result.type === 'rejected') return rejected(result.reason, MESSAGES[result.reason]);
  return { type: 'card', read: result.read, isVerified };
}

const rejected = (reason: string, message: string): BridgeResult => ({ type: 'rejected', reason, message });
