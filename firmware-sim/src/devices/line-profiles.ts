import type { DeviceProfile } from './device.js';

/** How a do-it-yourself sketch prints a card: the rows for one read, without line ends. */
export interface SketchProfile extends DeviceProfile {
  lineEnd: '\n' | '\r\n';
  rows(uid: Uint8Array): string[];
  /** What the board prints when it boots. */
  banner: readonly string[];
  /** A sketch that does not halt the card prints it again and again (line note §5). */
  repeatMs?: number;
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');
const joined = (uid: Uint8Array, separator: string): string => [...uid].map(hex).join(separator);
const bigEndian = (uid: Uint8Array): bigint => uid.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const blockCheck = (uid: Uint8Array): number => uid.reduce((sum, byte) => sum ^ byte, 0);

/** `Serial.println()` in setup(): an empty line, which also ends whatever the boot loader had begun. */
const PLAIN_BANNER = [''];
const ARDUINO_BANNER = ['Scan PICC to see UID, SAK, type, and data blocks...'];
/** What the ROM of an ESP32 prints before any sketch runs (line note §1). */
const ESP32_BANNER = [
  'ets Jul 29 2019 12:21:46',
  'rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
  'load:0x3fff0030,len:1184',
];

type Sketch = Omit<SketchProfile, 'baud' | 'lineEnd' | 'banner'> & Partial<SketchProfile>;

function sketch(profile: Sketch): SketchProfile {
  return { baud: 115_200, lineEnd: '\r\n', banner: PLAIN_BANNER, ...profile };
}

/** Every form of line note §2, and the bugs of §3. */
export const SKETCH_PROFILES: readonly SketchProfile[] = [
  sketch({ id: 'bare', title: '4A8D694F', rows: (uid) => [joined(uid, '')] }),
  sketch({ id: 'lower', title: '4a8d694f', lineEnd: '\n', rows: (uid) => [joined(uid, '').toLowerCase()] }),
  sketch({
    id: 'dumpinfo',
    title: 'Card UID: 4A 8D 69 4F, as DumpInfo prints it',
    baud: 9600,
    banner: ARDUINO_BANNER,
    rows: (uid) => [
      `Card UID: ${joined(uid, ' ')}`,
      'Card SAK: 08',
      'PICC type: MIFARE 1KB',
      'Sector Block   0  1  2  3   4  5  6  7   8  9 10 11  12 13 14 15  AccessBits',
      'MIFARE_Read() failed: Timeout in communication.',
    ],
  }),
  sketch({ id: 'spaced', title: '" 4A 8D 69 4F"', rows: (uid) => [` ${joined(uid, ' ')}`] }),
  sketch({ id: 'colon', title: '4A:8D:69:4F', banner: ESP32_BANNER, rows: (uid) => [joined(uid, ':')] }),
  sketch({ id: 'dash', title: '4A-8D-69-4F', rows: (uid) => [joined(uid, '-')] }),
  sketch({ id: 'comma', title: '4A,8D,69,4F', rows: (uid) => [joined(uid, ',')] }),
  sketch({
    id: 'reversed',
    title: '4F698D4A, last byte first',
    rows: (uid) => [joined(uid.toReversed(), '')],
  }),
  sketch({
    id: 'hex-list',
    title: '0x4A, 0x8D, 0x69, 0x4F',
    rows: (uid) => [[...uid].map((byte) => `0x${hex(byte)}`).join(', ')],
  }),
  sketch({ id: 'byte-list', title: '74,141,105,79', rows: (uid) => [uid.join(',')] }),
  sketch({ id: 'decimal', title: '1250781519, big-endian', rows: (uid) => [String(bigEndian(uid))] }),
  sketch({
    id: 'decimal-le',
    title: '1332317514, little-endian',
    rows: (uid) => [String(bigEndian(uid.toReversed()))],
  }),
  sketch({
    id: 'json',
    title: '{"uid":"4A8D694F"}',
    rows: (uid) => [JSON.stringify({ uid: joined(uid, '') })],
  }),
  sketch({ id: 'labeled', title: 'UID: 4a8d694f', rows: (uid) => [`UID: ${joined(uid, '').toLowerCase()}`] }),
  sketch({
    id: 'repeating',
    title: 'bare hex about five times a second',
    repeatMs: 200,
    rows: (uid) => [joined(uid, '')],
  }),
  sketch({
    id: 'decimal-bcc',
    title: 'SimpleMFRC522: decimal of UID and check byte',
    rows: (uid) => [String(bigEndian(Uint8Array.of(...uid, blockCheck(uid))))],
  }),
  sketch({
    id: 'decimal-bcc-first',
    title: 'early esp-idf-rc522: decimal of check byte and UID',
    rows: (uid) => [String(bigEndian(Uint8Array.of(blockCheck(uid), ...uid)))],
  }),
  sketch({
    id: 'dropped-zeros',
    title: 'the %x bug: leading zeros lost, not recoverable',
    rows: (uid) => [[...uid].map((byte) => byte.toString(16)).join('')],
  }),
];
