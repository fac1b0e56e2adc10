import { sum8 } from '@rollcall/protocol/framing/checksum';

/** Who speaks, in the first byte of the data (PN532 note §2). */
const HOST_TO_CHIP = 0xd4;
const CHIP_TO_HOST = 0xd5;
const ERROR_TFI = 0x7f;
const NORMAL_DATA_BYTES_MAX = 0xff;

/** What the chip says. */
export type Pn532Reply =
  | { type: 'ack' }
  | { type: 'nack' }
  /** The command was not understood: a syntax error or one that the chip does not have. */
  | { type: 'error' }
  /** The answer to the command whose code is one less. */
  | { type: 'response'; code: number; data: Uint8Array }
  /** A whole frame that no chip sends, such as an echo of our own. */
  | { type: 'foreign' };

/** Wakes a chip that sleeps; what it hears while it wakes is lost (PN532 note §3, libnfc). */
export const WAKE = Uint8Array.of(0x55, 0x55, ...new Uint8Array(14));
/** Ends the command that is being carried out. */
export const ACK = Uint8Array.of(0x00, 0x00, 0xff, 0x00, 0xff, 0x00);
/** Asks for the last answer once more. */
export const NACK = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x00, 0x00);

export function encodeCommand(command: Uint8Array): Uint8Array {
  const length = command.length + 1;
  const head =
    length <= NORMAL_DATA_BYTES_MAX
      ? [length, -length & 0xff]
      : [0xff, 0xff, length >> 8, length & 0xff, -((length >> 8) + length) & 0xff];
  const checksum = -(HOST_TO_CHIP + sum8(command)) & 0xff;
  return Uint8Array.of(0x00, 0x00, 0xff, ...head, HOST_TO_CHIP, ...command, checksum, 0x00);
}

/** Reads what the framer handed out. */
export function decodeReply(frame: Uint8Array): Pn532Reply {
  if (frame.length === 2) return { type: frame[0] === 0 ? 'ack' : 'nack' };
  const isExtended = frame[0] === 0xff && frame[1] === 0xff;
  const [tfi, code, ...data] = frame.subarray(isExtended ? 5 : 2, -1);
  if (tfi === ERROR_TFI) return { type: 'error' };
  if (tfi !== CHIP_TO_HOST || code === undefined) return { type: 'foreign' };
  return { type: 'response', code, data: Uint8Array.from(data) };
}
