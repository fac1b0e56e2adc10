import { RollcallError } from '../errors.js';
import { checkedByte, checkedCap } from './framer.js';
import { type Found, SearchingFramer } from './searching-framer.js';

export interface LengthPrefixedOptions {
  /** The bytes every frame begins with. */
  start: readonly number[];
  /** Where the length field is, counted from the first byte of the frame. */
  lengthOffset: number;
  /** Bytes of the length field. */
  lengthSize: 1 | 2 | 4;
  /** Byte order of the length field. */
  endian?: 'be' | 'le';
  /** Bytes of a whole frame that the length field does not count. */
  extra: number;
  /** Most bytes of a whole frame. */
  maxBytes: number;
  /** Whether a whole frame passes its checksum. */
  isValid: (frame: Uint8Array) => boolean;
}

/** Frames that say how long they are; a frame is handed out whole, start and checksum included. */
export class LengthPrefixedFramer extends SearchingFramer {
  readonly #options: LengthPrefixedOptions;
  readonly #headBytes: number;

  /** @throws RollcallError `INTERNAL` for options that describe no frame. */
  constructor(options: LengthPrefixedOptions) {
    const { start, lengthOffset, lengthSize, extra } = options;
    const maxBytes = checkedCap(options.maxBytes);
    for (const byte of start) checkedByte(byte, 'start');
    const headBytes = Math.max(start.length, lengthOffset + lengthSize);
    if (start.length === 0 || !Number.isInteger(lengthOffset) || lengthOffset < start.length) {
      throw new RollcallError(
        'INTERNAL',
        'A length-prefixed frame needs a start marker and a length field behind it',
      );
    }
    if (!Number.isInteger(extra) || headBytes > maxBytes) {
      throw new RollcallError(
        'INTERNAL',
        'The extra bytes must be a whole number and the head must fit the cap',
      );
    }
    super(maxBytes);
    this.#options = options;
    this.#headBytes = headBytes;
  }

  protected override measure(held: Uint8Array): Found {
    const { start, maxBytes, isValid } = this.#options;
    const begun = Math.min(start.length, held.length);
    for (let at = 0; at < begun; at++) if (held[at] !== start[at]) return 'noise';
    if (held.length < this.#headBytes) return 'incomplete';
    const bytes = this.#frameBytes(held);
    if (bytes < this.#headBytes || bytes > maxBytes) return 'bad_length';
    if (held.length < bytes) return 'incomplete';
    return isValid(held.subarray(0, bytes)) ? { bytes } : 'bad_checksum';
  }

  #frameBytes(held: Uint8Array): number {
    const { lengthOffset, lengthSize, endian = 'be', extra } = this.#options;
    const field = held.subarray(lengthOffset, lengthOffset + lengthSize);
    const ordered = endian === 'be' ? field : field.slice().reverse();
    return ordered.reduce((value, byte) => value * 256 + byte, 0) + extra;
  }
}
