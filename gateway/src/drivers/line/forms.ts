/**
 * How a device writes what several readings would fit (line protocol note §2 and §3). Fixed per device,
 * never guessed per read: a wrong guess is another person's card.
 */
export interface FormOptions {
  /** Whether the bytes come as the card sent them, or reversed. */
  order: 'be' | 'le';
  /** What digits mean that could be hex or decimal: eight bare digits, or a comma list of two-digit values. */
  digits: 'auto' | 'hex' | 'decimal';
  /** True once this device has sent a number that can only be decimal: eight digits are then no longer clear. */
  hasSentDecimals: boolean;
  /** Where a number of five bytes has its check byte. */
  checkByte: 'last' | 'first';
  /** UID lengths in bytes that the technology has. */
  lengths: readonly number[];
}

export type FormResult =
  | { type: 'uid'; uid: Uint8Array; notation: 'hex' | 'decimal' }
  /** Known chatter and any other text: says nothing about a card. */
  | { type: 'chatter' }
  | { type: 'rejected'; reason: string; message: string };

const NOISE: readonly RegExp[] = [
  /^(?:scan|picc type|card sak|sector|page|block|firmware|mifare|pcd_|timeout|warning|error|unknown)/i,
  /MIFARE_\w+\(\)|Timeout in communication/i,
  // Memory dump rows: an index, two or more blanks, then bytes.
  /^\s*\d{1,3}\s{2,}\S/,
  // ESP8266, ESP32 and ESP-IDF start-up and panic lines.
  /^(?:ets |rst:|boot:|configsip|clk_drv|mode:|load:|entry |ESP-ROM|SPIWP|Guru |Backtrace|Rebooting|Brownout|ELF file|CORRUPT)/i,
  /^[EWIDV] \(\d+\) /,
];
/** What tutorials print before the number; a colon or equals sign ends it. */
const LABEL = /^(?:card|tag|rfid|picc|nuid|uid|id|key|in hex)(?:\s+(?:uid|id|tag|number|key))?\s*[:=]\s*/i;
const JSON_KEYS = ['uid', 'tag', 'id', 'card'] as const;
const BYTE_LIST_SEPARATOR = /[ :,-]+/;
/** A bare number shorter than this could be a counter or a signal strength. */
const BARE_DIGITS_MIN = 5;
const BARE_DIGITS_MAX = 24;
const UINT32_MAX = 0xffff_ffffn;
const UINT40_MAX = 0xff_ffff_ffffn;

/** Reads one line of a sketch that has no format of its own. */
export function parseForm(line: string, options: FormOptions): FormResult {
  if (NOISE.some((pattern) => pattern.test(line))) return { type: 'chatter' };
  if (line.startsWith('{')) return parseObject(line, options);
  const label = LABEL.exec(line);
  const value = (label === null ? line : line.slice(label[0].length)).trim();
  return parseNumber(value, label !== null, options);
}

function parseObject(line: string, options: FormOptions): FormResult {
  let object: unknown;
  try {
    object = JSON.parse(line);
  } catch {
    // A sketch's JSON is text like any other until it parses.
    return rejected('malformed', 'the device sent a broken JSON object; print one whole object a line');
  }
  if (typeof object !== 'object' || object === null) return { type: 'chatter' };
  const entries = Object.entries(object).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const key of JSON_KEYS) {
    const value = entries.find(([name]) => name === key)?.[1];
    if (typeof value === 'string') return parseNumber(value.trim(), true, options);
    // A number in JSON is decimal by definition.
    if (Number.isSafeInteger(value))
      return parseNumber(String(value), true, { ...options, digits: 'decimal' });
  }
  return { type: 'chatter' };
}

function parseNumber(value: string, isLabelled: boolean, options: FormOptions): FormResult {
  if (/^[0-9a-f]+$/i.test(value)) return parseBare(value, isLabelled, options);
  if (/^0x[0-9a-f]+(?:[ ,;:-]+0x[0-9a-f]+)+$/i.test(value)) {
    return fromHexList(
      value.split(/[ ,;:-]+/).map((part) => part.slice(2)),
      options,
    );
  }
  if (/^\d{1,3}(?:\s*,\s*\d{1,3})+$/.test(value))
    return parseCommaDigits(value.split(/\s*,\s*/), isLabelled, options);
  if (/^[0-9a-f]{1,2}(?:[ :,-]+[0-9a-f]{1,2})+$/i.test(value)) {
    const parts = value.split(BYTE_LIST_SEPARATOR);
    // Two or three pairs of letters are a time of day or a word far more often than a card.
    return isLabelled || parts.length >= 4 ? fromHexList(parts, options) : { type: 'chatter' };
  }
  return isLabelled
    ? rejected('malformed', 'what follows the label is not a card number')
    : { type: 'chatter' };
}

/** Digits without separators: hex of a fixed length, or one decimal number. */
function parseBare(value: string, isLabelled: boolean, options: FormOptions): FormResult {
  if (!isLabelled && (value.length < BARE_DIGITS_MIN || value.length > BARE_DIGITS_MAX))
    return { type: 'chatter' };
  const isDigits = /^\d+$/.test(value);
  const couldBeHex = options.lengths.includes(value.length / 2);
  if (isDigits && value.length >= 8 && value.length <= 13) {
    if (!couldBeHex || options.digits === 'decimal') return fromDecimal(BigInt(value), options);
    if (options.digits === 'auto' && options.hasSentDecimals) {
      return rejected(
        'ambiguous',
        `${value.length} digits could be hex or decimal; write options.digits: hex or decimal for this device`,
      );
    }
  }
  if (couldBeHex) return fromBytes(Buffer.from(value, 'hex'), 'hex', options);
  return rejectLength(value.length);
}

function rejectLength(digits: number): FormResult {
  if (digits === 6) {
    return rejected(
      'truncated',
      'the device printed only 6 digits: either zeros were dropped or it shows only part of the UID; fix the sketch: print every byte, two digits per byte',
    );
  }
  return rejected(
    'leading_zero',
    `the device printed ${digits} digits; fix the sketch: print two digits per byte`,
  );
}

function parseCommaDigits(parts: readonly string[], isLabelled: boolean, options: FormOptions): FormResult {
  if (!isLabelled && parts.length < 4) return { type: 'chatter' };
  const couldBeHex = parts.every((part) => part.length === 2);
  if (couldBeHex && options.digits === 'hex') return fromHexList(parts, options);
  if (couldBeHex && options.digits === 'auto') {
    return rejected(
      'ambiguous',
      'a list of two-digit numbers could be hex or decimal; write options.digits: hex or decimal for this device',
    );
  }
  const values = parts.map(Number);
  if (values.some((byte) => byte > 255)) return rejected('malformed', 'a value of the list is above 255');
  return fromBytes(Uint8Array.from(values), 'decimal', options);
}

function fromHexList(parts: readonly string[], options: FormOptions): FormResult {
  if (parts.some((part) => part.length !== 2)) {
    return rejected('leading_zero', 'a byte has not two digits; fix the sketch: print two digits per byte');
  }
  return fromBytes(Buffer.from(parts.join(''), 'hex'), 'hex', options);
}

function fromDecimal(number: bigint, options: FormOptions): FormResult {
  if (number <= UINT32_MAX) return fromBytes(bytesOf(number, 4), 'decimal', options);
  if (number > UINT40_MAX)
    return rejected('malformed', 'the number is too large for a UID with its check byte');
  const bytes = bytesOf(number, 5);
  if (options.lengths.includes(5)) return fromBytes(bytes, 'decimal', options);
  // The XOR over all five bytes is zero wherever the check byte stands, so it cannot say where: the option does.
  if (bytes.reduce((xor, byte) => xor ^ byte, 0) !== 0) {
    return rejected(
      'check_byte',
      'the number has five bytes and its check byte is wrong; change the sketch to print the UID as hex, two digits per byte',
    );
  }
  return fromBytes(
    options.checkByte === 'last' ? bytes.subarray(0, 4) : bytes.subarray(1),
    'decimal',
    options,
  );
}

function fromBytes(bytes: Uint8Array, notation: 'hex' | 'decimal', options: FormOptions): FormResult {
  if (bytes.length === 3) {
    return rejected(
      'truncated',
      'only three bytes of the UID were sent; change the sketch to print the whole UID',
    );
  }
  if (!options.lengths.includes(bytes.length)) {
    return rejected(
      'length',
      `a UID of ${bytes.length} bytes does not exist; print the whole UID, two digits per byte`,
    );
  }
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) {
    return rejected('blank', 'the UID is all zeros or all ones; check the wiring between board and reader');
  }
  return { type: 'uid', uid: options.order === 'le' ? Uint8Array.from(bytes).reverse() : bytes, notation };
}

function bytesOf(number: bigint, length: number): Uint8Array {
  return Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex');
}

function rejected(reason: string, message: string): FormResult {
  return { type: 'rejected', reason, message };
}
