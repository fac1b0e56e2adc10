import { RollcallError } from '../errors.js';

/** Largest cap a framer accepts: no device of the field sends longer frames, and every port has its own. */
export const FRAME_BYTES_MAX = 65_536;

/**
 * - `noise`: outside any frame.
 * - `too_long`: no end within the cap.
 * - `bad_length`: a length field that no frame can have.
 * - `bad_checksum`: a whole frame that failed its check.
 * - `truncated`: a frame that stopped or was started again before its end.
 * - `unproven_start`: before the first delimiter, perhaps the tail of something longer.
 */
export type DiscardReason =
  | 'noise'
  | 'too_long'
  | 'bad_length'
  | 'bad_checksum'
  | 'truncated'
  | 'unproven_start';

export type FramingEvent =
  | { type: 'frame'; bytes: Uint8Array }
  /** How many bytes were given up; never the bytes, which can hold a card number. */
  | { type: 'discarded'; bytes: number; reason: DiscardReason };

/**
 * Cuts a byte stream into frames. The frames depend on the bytes alone, never on how they were split. Takes
 * any bytes without throwing, and holds at most its cap.
 */
export interface Framer {
  push(chunk: Uint8Array): FramingEvent[];
  /** The line was silent for longer than a frame may pause: no more of the unfinished frame will come. */
  idle(): FramingEvent[];
  /** Forgets the unfinished frame. A new connection takes a new framer (edge §0, finding 1). */
  reset(): void;
  /** Bytes held for an unfinished frame. */
  readonly pendingBytes: number;
}

/** @throws RollcallError `INTERNAL` for a cap that bounds nothing. */
export function checkedCap(maxBytes: number): number {
  if (Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= FRAME_BYTES_MAX) return maxBytes;
  throw new RollcallError(
    'INTERNAL',
    `maxBytes of a framer must be a whole number from 1 to ${FRAME_BYTES_MAX}`,
  );
}

/** @throws RollcallError `INTERNAL` for a number that no byte can have. */
export function checkedByte(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xff) return value;
  throw new RollcallError('INTERNAL', `${name} of a framer must be a byte, 0 to 255`);
}

/** Collects the events of one call; neighboring discards of one reason become one event. */
export class FramingEvents {
  readonly list: FramingEvent[] = [];

  frame(bytes: Uint8Array): void {
    this.list.push({ type: 'frame', bytes });
  }

  discard(bytes: number, reason: DiscardReason): void {
    if (bytes === 0) return;
    const last = this.list.at(-1);
    if (last?.type === 'discarded' && last.reason === reason) last.bytes += bytes;
    else this.list.push({ type: 'discarded', bytes, reason });
  }
}
