import type { Entry } from './terminal-memory.js';

/** How a firmware writes what it stores and tells (zk-protocol): sizes differ, and who is meant. */
export interface Dialect {
  record(entry: Entry, index: number): Buffer;
  user(user: string, uid: number): Buffer;
  event(entry: Entry): Buffer;
  hasBuffer: boolean;
  key: number;
}

/** Four bytes, the lowest first. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Seconds since 2000 in months of 31 days, as the terminals count. */
export function packTime(localMs: number): number {
  const date = new Date(localMs);
  const months = (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
  const days = months * 31 + date.getUTCDate() - 1;
  return ((days * 24 + date.getUTCHours()) * 60 + date.getUTCMinutes()) * 60 + date.getUTCSeconds();
}

export function unpackTime(packed: number): number {
  const days = Math.floor(packed / 86_400);
  const months = Math.floor(days / 31);
  return Date.UTC(2000 + Math.floor(months / 12), months % 12, (days % 31) + 1) + (packed % 86_400) * 1_000;
}

/** Users are numbered in the order of their ids, which are numbers in the old dialects. */
export const uidOf = (user: string): number => (Number(user) - 1_000) & 0xffff;

function record40({ user, localMs, verify, status }: Entry): Buffer {
  const record = Buffer.alloc(40);
  record.writeUInt16LE(uidOf(user));
  record.write(user, 2, 24, 'latin1');
  record.writeUInt8(verify, 26);
  record.writeUInt32LE(packTime(localMs), 27);
  record.writeUInt8(status, 31);
  return record;
}

function record16({ user, localMs, verify, status }: Entry): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Number(user));
  record.writeUInt32LE(packTime(localMs), 4);
  record.writeUInt8(verify, 8);
  record.writeUInt8(status, 9);
  return record;
}

function record8({ user, localMs, verify, status }: Entry): Buffer {
  const record = Buffer.alloc(8);
  record.writeUInt16LE(uidOf(user));
  record.writeUInt8(verify, 2);
  record.writeUInt32LE(packTime(localMs), 3);
  record.writeUInt8(status, 7);
  return record;
}

/** Whoever was enrolled first runs the terminal; everybody has a password and a group. */
const ADMINISTRATOR = 14;
const privilegeOf = (uid: number): number => (uid === 1 ? ADMINISTRATOR : 0);

function user72(user: string, uid: number): Buffer {
  const record = Buffer.alloc(72);
  record.writeUInt16LE(uid);
  record.writeUInt8(privilegeOf(uid), 2);
  record.write('4321', 3, 8, 'latin1');
  record.write('Somebody', 11, 24, 'latin1');
  record.write('2', 40, 7, 'latin1');
  record.write(user, 48, 24, 'latin1');
  return record;
}

function user28(user: string, uid: number): Buffer {
  const record = Buffer.alloc(28);
  record.writeUInt16LE(uid);
  record.writeUInt8(privilegeOf(uid), 2);
  record.write('4321', 3, 5, 'latin1');
  record.write('Somebody', 8, 8, 'latin1');
  record.writeUInt8(2, 21);
  record.writeUInt32LE(Number(user), 24);
  return record;
}

function eventOf(userField: Buffer, { localMs, verify, status }: Entry): Buffer {
  const at = new Date(localMs);
  const parts = [verify, status, at.getUTCFullYear() - 2000, at.getUTCMonth() + 1, at.getUTCDate()];
  return Buffer.concat([
    userField,
    Buffer.from([...parts, at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]),
  ]);
}

function event32(entry: Entry): Buffer {
  const field = Buffer.alloc(24);
  field.write(entry.user, 'latin1');
  return eventOf(field, entry);
}

function event12(entry: Entry): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(Number(entry.user));
  return eventOf(field, entry);
}

function event10(entry: Entry): Buffer {
  const field = Buffer.alloc(2);
  field.writeUInt16LE(uidOf(entry.user));
  return eventOf(field, entry);
}

export const K40: Dialect = { record: record40, user: user72, event: event32, hasBuffer: true, key: 0 };
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  k40: K40,
  keyed: { ...K40, key: 12_345 },
  zk6: { record: record16, user: user28, event: event12, hasBuffer: true, key: 0 },
  old: { record: record8, user: user28, event: event10, hasBuffer: false, key: 0 },
};
