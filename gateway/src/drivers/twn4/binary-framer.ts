import { type Found, SearchingFramer } from '@rollcall/protocol/framing/searching-framer';
import { crc16Mcrf4xx } from '../crc16-mcrf4xx.js';

const LENGTH_BYTES = 2;
const CRC_BYTES = 2;
/** A status, the length of a version and its 255 characters; nothing longer is asked for. */
const ANSWER_BYTES_MAX = 257;
const STATUS_MAX = 5;

/**
 * Answers behind their length in two bytes, the low one first. Without a start marker any byte can look like a length: bounds, the
 * status that every answer begins with, the CRC where there is one, and a pause tell a frame from noise.
 */
export class BinaryFramer extends SearchingFramer {
  readonly #crcBytes: number;

  constructor(hasCrc: boolean) {
    const crcBytes = hasCrc ? CRC_BYTES : 0;
    super(LENGTH_BYTES + ANSWER_BYTES_MAX + crcBytes);
    this.#crcBytes = crcBytes;
  }

  protected override measure(held: Uint8Array): Found {
    const [low = 0, high, status] = held;
    if (high === undefined) return 'incomplete';
    const length = low + high * 256;
    const answerBytes = length - this.#crcBytes;
    if (answerBytes < 1 || answerBytes > ANSWER_BYTES_MAX) return 'bad_length';
    if (status !== undefined && status > STATUS_MAX) return 'noise';
    const bytes = LENGTH_BYTES + length;
    if (held.length < bytes) return 'incomplete';
    return this.#crcBytes === 0 || isChecked(held.subarray(LENGTH_BYTES, bytes)) ? { bytes } : 'bad_checksum';
  }
}

function isChecked(body: Uint8Array): boolean {
  const crc = crc16Mcrf4xx(body.subarray(0, -CRC_BYTES));
  return body.at(-2) === (crc & 0xff) && body.at(-1) === crc >> 8;
}
