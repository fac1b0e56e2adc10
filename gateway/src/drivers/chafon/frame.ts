import { type Found, SearchingFramer } from '@rollcall/protocol/framing/searching-framer';
import { crc16Mcrf4xx } from '../crc16-mcrf4xx.js';

/** Length, address, command, status, checksum: no answer is shorter. */
const LENGTH_MIN = 5;
const FRAME_BYTES_MAX = 256;

export function encodeCommand(address: number, command: number, data: readonly number[] = []): Uint8Array {
  const body = Uint8Array.of(data.length + 4, address, command, ...data);
  const crc = crc16Mcrf4xx(body);
  return Uint8Array.of(...body, crc & 0xff, crc >> 8);
}

/**
 * Frames without a start marker: the first byte is the length of what follows, the last two are the checksum. Any byte
 * can look like a length, so only answers to the commands that are asked are frames.
 */
export class ChafonFramer extends SearchingFramer {
  readonly #commands: readonly number[];

  constructor(commands: readonly number[]) {
    super(FRAME_BYTES_MAX);
    this.#commands = commands;
  }

  protected override measure(held: Uint8Array): Found {
    const [length = 0, , command] = held;
    if (length < LENGTH_MIN) return 'bad_length';
    if (command !== undefined && !this.#commands.includes(command)) return 'noise';
    const bytes = length + 1;
    if (held.length < bytes) return 'incomplete';
    const crc = crc16Mcrf4xx(held.subarray(0, bytes - 2));
    const isValid = held[bytes - 2] === (crc & 0xff) && held[bytes - 1] === crc >> 8;
    return isValid ? { bytes } : 'bad_checksum';
  }
}
