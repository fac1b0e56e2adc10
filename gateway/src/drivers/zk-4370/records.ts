import { type LocalMs, localFrom } from '../terminal/local-time.js';
import { unpackTime } from '../terminal/packed-time.js';

/** One entry as the terminal has it; the person by the number of the form: user id, or the terminal's own row. */
export interface RawRecord {
  /** Undefined where only the terminal's own number is given. */
  user: string | undefined;
  uid: number | undefined;
  local: LocalMs | undefined;
  verify: number;
  status: number;
}

export const RECORD_BYTES = [8, 16, 40] as const;
export type RecordBytes = (typeof RECORD_BYTES)[number];

/**
 * The dialect of a log, from its length and how many entries it is said to have (4370 note). New entries may have come
 * in between, so that the length can be for a few more.
 */
export function recordBytes(length: number, count: number): RecordBytes | undefined {
  const fitting = RECORD_BYTES.filter((size) => length % size === 0 && length / size >= count);
  const exact = fitting.find((size) => length / size === count);
  return exact ?? fitting.at(-1);
}

/**
 * One record (layouts of the 4370 note and of pyzk, whose `status` is how somebody was verified and whose `punch` is in or
 * out). A field is read in full; what does not make sense is left for the caller to put aside.
 */
export function parseRecord(record: Uint8Array): RawRecord {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  switch (record.length) {
    case 8:
      return {
        user: undefined,
        uid: bytes.readUInt16LE(0),
        verify: bytes.readUInt8(2),
        local: unpackTime(bytes.readUInt32LE(3)),
        status: bytes.readUInt8(7),
      };
    case 16:
      return {
        user: String(bytes.readUInt32LE(0)),
        uid: undefined,
        local: unpackTime(bytes.readUInt32LE(4)),
        verify: bytes.readUInt8(8),
        status: bytes.readUInt8(9),
      };
    default:
      return {
        user: text(bytes.subarray(2, 26)),
        uid: bytes.readUInt16LE(0),
        verify: bytes.readUInt8(26),
        local: unpackTime(bytes.readUInt32LE(27)),
        status: bytes.readUInt8(31),
      };
  }
}

/** Lengths of an attendance event and where its number or text ends. */
const EVENT_USER_BYTES: Readonly<Record<number, 2 | 4 | 24>> = {
  10: 2,
  12: 4,
  14: 2,
  32: 24,
  36: 24,
  37: 24,
  52: 24,
};

/** Somebody was verified right now. Undefined for an event of another length than any firmware sends. */
export function parseEvent(data: Uint8Array): RawRecord | undefined {
  const userBytes = EVENT_USER_BYTES[data.length] ?? (data.length > 52 ? 24 : undefined);
  if (userBytes === undefined) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const [verify = 0, status = 0, y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = bytes.subarray(userBytes);
  return {
    user: userBytes === 24 ? text(bytes.subarray(0, 24)) : String(bytes.readUIntLE(0, userBytes)),
    uid: undefined,
    local: localFrom({ y: 2000 + y, mo, d, h, mi, s }),
    verify,
    status,
  };
}

export interface RawUser {
  uid: number;
  user: string;
  card: number;
  /** All of it as the terminal has it, name and password included: to be written back, and for nothing else. */
  record: Uint8Array;
}

export const USER_BYTES = [28, 72] as const;

/** A user, of which names and passwords are left unread. */
export function parseUser(record: Uint8Array): RawUser {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const uid = bytes.readUInt16LE(0);
  return record.length === 28
    ? { uid, user: String(bytes.readUInt32LE(24)), card: bytes.readUInt32LE(16), record }
    : { uid, user: text(bytes.subarray(48, 72)), card: bytes.readUInt32LE(35), record };
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString('latin1');
}
