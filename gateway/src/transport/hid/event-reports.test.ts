import { expect, it } from 'vitest';
import { EVENT_BYTES, EventReports } from './event-reports.js';

/** `struct input_event`, time zeroed. */
function event(type: number, code: number, value: number): Buffer {
  const bytes = Buffer.alloc(EVENT_BYTES);
  bytes.writeUInt16LE(type, 16);
  bytes.writeUInt16LE(code, 18);
  bytes.writeInt32LE(value, 20);
  return bytes;
}

const SYN = event(0, 0, 0);
const DROPPED = event(0, 3, 0);
const key = (code: number, value: number): Buffer => event(1, code, value);
const scan = (usage: number): Buffer => event(4, 4, 0x70000 + usage);

function reportsOf(...events: readonly Uint8Array[]): string[] {
  const reports: string[] = [];
  new EventReports((report) => reports.push(Buffer.from(report).toString('hex'))).push(Buffer.concat(events));
  return reports;
}

it('makes a boot report of each packet (USB-HID note §4, evdev row)', () => {
  const down = Buffer.from(
    `${'00'.repeat(16)}040004002700070${'0'}${'00'.repeat(16)}01000b0001000000${'00'.repeat(24)}`,
    'hex',
  );
  expect(reportsOf(down, scan(0x27), key(11, 0), SYN)).toEqual(['0000270000000000', '0000000000000000']);
});

it('knows keys by their codes where no scan code comes, and lets the scan code win where one does', () => {
  expect(reportsOf(key(30, 1), SYN)).toEqual(['0000040000000000']);
  expect(reportsOf(scan(0x1f), key(2, 1), SYN)).toEqual(['00001f0000000000']);
  // The scan code of another page (a volume key) names no key of a number.
  expect(reportsOf(event(4, 4, 0xc00e9), key(115, 1), SYN)).toEqual([]);
});

it('keeps modifiers, several keys and their order, and leaves out the seventh', () => {
  expect(reportsOf(key(42, 1), SYN, key(30, 1), SYN, key(42, 0), key(30, 0), SYN)).toEqual([
    '0200000000000000',
    '0200040000000000',
    '0000000000000000',
  ]);
  expect(reportsOf(key(2, 1), SYN, key(2, 0), key(3, 1), SYN)).toEqual([
    '00001e0000000000',
    '00001f0000000000',
  ]);
  expect(reportsOf(...[2, 3, 4, 5, 6, 7, 8].map((code) => key(code, 1)), SYN)).toEqual(['00001e1f20212223']);
});

it('says nothing about a repeated key, an unknown one, and a packet without keys', () => {
  expect(reportsOf(key(2, 2), SYN, key(240, 1), SYN, scan(0x27), SYN)).toEqual([]);
});

it('tells that keys were lost, and begins anew after the packet', () => {
  expect(reportsOf(key(2, 1), SYN, DROPPED, key(3, 1), SYN, key(4, 1), SYN)).toEqual([
    '00001e0000000000',
    '0000030303030303',
    '0000200000000000',
  ]);
});

it('passes over half a record', () => {
  expect(reportsOf(key(2, 1), SYN, Buffer.alloc(EVENT_BYTES - 1))).toEqual(['00001e0000000000']);
});
