import { sum8 } from '@rollcall/protocol/framing/checksum';
import { LengthPrefixedFramer } from '@rollcall/protocol/framing/length-prefixed';
import type { Found } from '@rollcall/protocol/framing/searching-framer';

const CT_START = [0x43, 0x54];
const CT_FRAME_BYTES_MAX = 2_048;
/** Plain output: STX, the EPC in hex digits, CR, LF, ETX (UHF note, part B). */
const TEXT_START = 0x02;
const TEXT_END = [0x0d, 0x0a, 0x03];
/** An EPC has at most 32 bytes. */
const DIGITS_MAX = 64;

/** What a CT reader sends: frames with a length and a sum, or, where it is set to that, plain text that has neither. */
export class CtFramer extends LengthPrefixedFramer {
  constructor() {
    super({
      start: CT_START,
      lengthOffset: 2,
      lengthSize: 2,
      extra: 4,
      maxBytes: CT_FRAME_BYTES_MAX,
      isValid: (frame) => frame.length >= 8 && sum8(frame) === 0,
    });
  }

  protected override measure(held: Uint8Array): Found {
    return held[0] === TEXT_START ? measureText(held) : super.measure(held);
  }
}

/** The EPC of a frame in plain text; undefined for one with a length. */
export function epcOfText(frame: Uint8Array): Uint8Array | undefined {
  if (frame[0] !== TEXT_START) return undefined;
  return Buffer.from(Buffer.from(frame.subarray(1, -TEXT_END.length)).toString('latin1'), 'hex');
}

function measureText(held: Uint8Array): Found {
  let digits = 0;
  while (digits < DIGITS_MAX && isHexDigit(held[1 + digits])) digits += 1;
  for (const [at, byte] of TEXT_END.entries()) {
    const found = held[1 + digits + at];
    if (found === undefined) return 'incomplete';
    if (found !== byte) return isHexDigit(found) ? 'too_long' : 'noise';
  }
  return digits === 0 || digits % 2 === 1 ? 'bad_length' : { bytes: 1 + digits + TEXT_END.length };
}

function isHexDigit(byte: number | undefined): boolean {
  return byte !== undefined && /^[0-9A-Fa-f]$/.test(String.fromCharCode(byte));
}
