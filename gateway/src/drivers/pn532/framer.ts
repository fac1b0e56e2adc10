import { sum8 } from '@rollcall/protocol/framing/checksum';
import { type Found, SearchingFramer } from '@rollcall/protocol/framing/searching-framer';

/** Zeros that may stand before a start code: the postamble of the frame before, the preamble, and the code's own. */
const LEADING_ZEROS_MAX = 3;
/** Most bytes between length and checksum: what the chip's extended frames carry (UM0701-02 §6.2.1.2). */
export const FRAME_DATA_BYTES_MAX = 265;
const EXTENDED_HEAD_BYTES = 5;
const FRAME_BYTES_MAX = LEADING_ZEROS_MAX + 1 + EXTENDED_HEAD_BYTES + FRAME_DATA_BYTES_MAX + 1;

/**
 * Frames of the PN532 (PN532 note §2). A frame is handed out from the byte behind the start code to its last:
 * `00 FF` is an acknowledgment, `FF 00` a refusal of one, anything else has its length in front and its checksum
 * behind it. Extra zeros belong to the line, not to frames.
 */
export class Pn532Framer extends SearchingFramer {
  constructor() {
    super(FRAME_BYTES_MAX);
  }

  /** Zeros alone are no begun frame: every frame leaves one behind. */
  override get pendingBytes(): number {
    const { held } = this;
    return held.length > leadingZeros(held) ? held.length : 0;
  }

  protected override measure(held: Uint8Array): Found {
    const zeros = leadingZeros(held);
    if (zeros > LEADING_ZEROS_MAX) return 'noise';
    if (zeros === held.length) return 'incomplete';
    if (zeros === 0 || held[zeros] !== 0xff) return 'noise';
    const skip = zeros + 1;
    const found = measure(held.subarray(skip));
    return typeof found === 'string' ? found : { skip, bytes: found.bytes };
  }
}

function leadingZeros(held: Uint8Array): number {
  const first = held.findIndex((byte) => byte !== 0);
  return first < 0 ? held.length : first;
}

/** How long the frame is whose bytes begin here, or why there is none. */
function measure(body: Uint8Array): { bytes: number } | 'incomplete' | 'bad_length' | 'bad_checksum' {
  const [length, complement] = body;
  if (length === undefined || complement === undefined) return 'incomplete';
  if (length === 0 && complement === 0xff) return { bytes: 2 };
  if (length === 0xff && complement === 0) return { bytes: 2 };
  if (length === 0xff && complement === 0xff) {
    if (body.length < EXTENDED_HEAD_BYTES) return 'incomplete';
    const total = (body[2] ?? 0) * 256 + (body[3] ?? 0);
    if (sum8(body.subarray(2, 5)) !== 0 || total === 0 || total > FRAME_DATA_BYTES_MAX) return 'bad_length';
    return checked(body, EXTENDED_HEAD_BYTES, total);
  }
  if (length === 0 || ((length + complement) & 0xff) !== 0) return 'bad_length';
  return checked(body, 2, length);
}

function checked(
  body: Uint8Array,
  head: number,
  length: number,
): { bytes: number } | 'incomplete' | 'bad_checksum' {
  const bytes = head + length + 1;
  if (body.length < bytes) return 'incomplete';
  return sum8(body.subarray(head, bytes)) === 0 ? { bytes } : 'bad_checksum';
}
