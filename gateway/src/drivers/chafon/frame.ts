import { type Found, SearchingFramer } from '@rollcall/protocol/framing/searching-framer';

/** Polynomial of CRC-16/MCRF4XX, reflected (UHF note, part A). */
const CRC_POLYNOMIAL = 0x8408;
const CRC_START = 0xffff;
/** Length, address, command, status, checksum: no answer is shorter. */
const LENGTH_MIN = 5;
const FRAME_BYTES_MAX = 256;

/** CRC-16/MCRF4XX: 6F91 over the digits 1 to 9. */
export function crc16(bytes: Uint8Array): number {
  let value = CRC_START;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ CRC_POLYNOMIAL : value >> 1;
  }
  return value;
}

export function encodeCommand(address: number, command: number, data: readonly number[] = []): Uint8Array {
  const body = Uint8Array.of(data.length + 4, address, command, ...data);
  const crc = crc16(body);
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
    const crc = crc16(held.subarray(0, bytes - 2));
    const isValid = held[bytes - 2] === (crc & 0xff) && held[bytes - 1] === crc >> 8;
    return isValid ? { bytes } : 'bad_checksum';
  }
}
