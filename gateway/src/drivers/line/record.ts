import type { Technology } from '@rollcall/protocol/credential-hash';

/** Line protocol note §4: `FIELDS*XX`, where XX is the XOR of every byte before the star. */
export type LineRecord =
  | { type: 'hello'; model: string; version: string; serial: string }
  | { type: 'card'; uid: Uint8Array; technology: Technology; seq: number }
  | { type: 'gone'; uid: Uint8Array }
  /** A finger sensor of the board took what was laid on it for no living finger. */
  | { type: 'fake_finger'; seq: number }
  | { type: 'heartbeat'; uptimeSeconds: number }
  | { type: 'error'; code: string };

export type RecordResult =
  | { type: 'record'; record: LineRecord; verified: boolean }
  | { type: 'bad_checksum' }
  | { type: 'malformed' }
  /** Not written in this format at all. */
  | { type: 'other' };

/** The fields, and their checksum. */
const CHECKED = /^([^*]*)\*([0-9A-Fa-f]{2})$/;
const KEYWORD = /^(?:HELLO|CARD|GONE|FINGER|HB|ERR),/;
const UID_HEX = /^(?:[0-9A-Fa-f]{2}){4,10}$/;
const SEQ = /^\d{1,10}$/;
const ERROR_CODE = /^[A-Za-z0-9_-]{1,32}$/;
/** Not an object: the device could name what every object inherits. */
const TECHNOLOGY_BY_LETTER: ReadonlyMap<string, Technology> = new Map([
  ['A', 'iso14443a'],
  ['B', 'iso14443b'],
  ['F', 'felica'],
  ['EM', 'em4100'],
]);

export function parseRecord(line: string): RecordResult {
  const [, fields = line, checksum] = CHECKED.exec(line) ?? [];
  if (checksum !== undefined && Number.parseInt(checksum, 16) !== xorOf(fields)) {
    return { type: 'bad_checksum' };
  }
  if (!KEYWORD.test(fields)) return { type: 'other' };
  const record = parseFields(fields.split(','));
  return record === undefined
    ? { type: 'malformed' }
    : { type: 'record', record, verified: checksum !== undefined };
}

/** One command for the device, checksum and line end included. */
export function encodeCommand(fields: string): string {
  return `${fields}*${xorOf(fields).toString(16).toUpperCase().padStart(2, '0')}\n`;
}

function xorOf(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index++) value ^= text.charCodeAt(index);
  return value & 0xff;
}

function parseFields(fields: readonly string[]): LineRecord | undefined {
  const [keyword, first = '', second = '', third = ''] = fields;
  switch (keyword) {
    case 'HELLO':
      return fields.length === 4
        ? { type: 'hello', model: first, version: second, serial: third }
        : undefined;
    case 'CARD': {
      const technology = TECHNOLOGY_BY_LETTER.get(second);
      if (fields.length !== 4 || technology === undefined || !UID_HEX.test(first) || !SEQ.test(third)) {
        return undefined;
      }
      return { type: 'card', uid: Buffer.from(first, 'hex'), technology, seq: Number(third) };
    }
    case 'GONE':
      return UID_HEX.test(first) ? { type: 'gone', uid: Buffer.from(first, 'hex') } : undefined;
    case 'FINGER':
      return fields.length === 3 && first === 'FAKE' && SEQ.test(second)
        ? { type: 'fake_finger', seq: Number(second) }
        : undefined;
    case 'HB':
      return fields.length === 2 && SEQ.test(first)
        ? { type: 'heartbeat', uptimeSeconds: Number(first) }
        : undefined;
    default:
      // Only the code: the free text behind it could hold a card number.
      return ERROR_CODE.test(first) ? { type: 'error', code: first } : undefined;
  }
}
