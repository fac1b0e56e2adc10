import { DelimiterFramer } from '@rollcall/protocol/framing/delimiter';
import type { Framer } from '@rollcall/protocol/framing/framer';
import { crc16Mcrf4xx } from '../crc16-mcrf4xx.js';
import { answerBytes } from './answer.js';
import { BinaryFramer } from './binary-framer.js';

/** How the firmware was built (TWN4 note, part C; Elatec's PRS app): ASCII is the default of all of them. */
export type Twn4Protocol = 'ascii' | 'binary' | 'binary_crc';

const LINE_END = 0x0d;
/** The longest answer is a version of 255 characters. */
const LINE_BYTES_MAX = 1024;
const LENGTH_BYTES = 2;
const CRC_BYTES = 2;

/** How commands and answers look on the line. */
export interface Twn4Wire {
  framer: Framer;
  /** Ends whatever stands in the reader's buffer; undefined where nothing so short does. */
  flush: Uint8Array | undefined;
  /** Ends a command whose rest the reader waits for; undefined where the flush does. */
  fill: Uint8Array | undefined;
  encode(command: Uint8Array): Uint8Array;
  /** The answer in a frame; undefined for what no reader of this kind sends. */
  decode(frame: Uint8Array): Uint8Array | undefined;
}

export function wireOf(protocol: Twn4Protocol): Twn4Wire {
  return protocol === 'ascii' ? asciiWire() : binaryWire(protocol === 'binary_crc');
}

function asciiWire(): Twn4Wire {
  return {
    framer: new DelimiterFramer({ maxBytes: LINE_BYTES_MAX, delimiter: LINE_END }),
    flush: Uint8Array.of(LINE_END),
    fill: undefined,
    encode: (command) => Buffer.from(`${Buffer.from(command).toString('hex').toUpperCase()}\r`, 'latin1'),
    decode: (line) =>
      answerBytes(
        Buffer.from(line)
          .toString('latin1')
          .replaceAll(/[\n\0]/g, '')
          .trim(),
      ),
  };
}

/**
 * Zeros end a command of any length below theirs; what remains of them are empty commands, or half of one. A 1 among zeros
 * then begins a command of one byte or, behind that half, one of 256: after an even number of zeros, 256 or more, both are over.
 */
function fillFor(hasCrc: boolean): Uint8Array {
  // A single byte that was held became a length with the first byte of the question, its high one.
  const zeros = hasCrc ? 0x600 : 0x400;
  return Uint8Array.from({ length: zeros + 1 + 256 }, (_, at) => (at === zeros ? 1 : 0));
}

/** The length counts the CRC, and the CRC counts neither (worked frame `05 00 05 00 10 0F 10`). */
function binaryWire(hasCrc: boolean): Twn4Wire {
  return {
    framer: new BinaryFramer(hasCrc),
    flush: undefined,
    fill: fillFor(hasCrc),
    encode: (command) => {
      const crc = crc16Mcrf4xx(command);
      const body = hasCrc ? [...command, crc & 0xff, crc >> 8] : command;
      return Uint8Array.of(body.length & 0xff, body.length >> 8, ...body);
    },
    decode: (frame) => frame.slice(LENGTH_BYTES, hasCrc ? -CRC_BYTES : undefined),
  };
}
