import * as z from 'zod';

const UUID_V7_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Where `-vrrr-rrrrrrrrrrrr` begins: both versions have the same variant there, and random bits. */
const TAIL_FROM = 18;
const COUNTER_MAX = 0xfff;
const TIME_MS_MAX = 0xffff_ffff_ffff;

export const uuidV7Schema = z.string().regex(UUID_V7_PATTERN, 'must be a lower-case UUID of version 7');

export interface UuidV7Options {
  /** Wall clock in milliseconds since 1970; may step backwards. */
  wallMs: () => number;
  /** A random UUID of version 4: its last 64 bits are the random ones of version 7, variant included. */
  randomUuid: () => string;
  /** The last id handed out by an earlier process, so that a clock reset cannot break the order. */
  after?: string | undefined;
}

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7) that always grow, also within one millisecond and when the wall
 * clock goes back (RFC 9562 §6.2, method 1: `rand_a` is a counter that carries into the time stamp).
 */
export function createUuidV7Generator({ wallMs, randomUuid, after }: UuidV7Options): () => string {
  const last = after === undefined ? { timeMs: 0, counter: -1 } : readPosition(after);
  return () => {
    const nowMs = Math.min(Math.max(0, Math.floor(wallMs())), TIME_MS_MAX);
    if (nowMs > last.timeMs) {
      last.timeMs = nowMs;
      last.counter = 0;
    } else if (last.counter < COUNTER_MAX) {
      last.counter += 1;
    } else {
      last.timeMs += 1;
      last.counter = 0;
    }
    return format(last.timeMs, last.counter, randomUuid());
  };
}

function readPosition(id: string): { timeMs: number; counter: number } {
  const hex = uuidV7Schema.parse(id).replaceAll('-', '');
  return { timeMs: Number.parseInt(hex.slice(0, 12), 16), counter: Number.parseInt(hex.slice(13, 16), 16) };
}

function format(timeMs: number, counter: number, random: string): string {
  const time = timeMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}${random.slice(TAIL_FROM)}`;
}
