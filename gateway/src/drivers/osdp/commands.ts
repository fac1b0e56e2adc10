import { FEEDBACK_PATTERNS, type FeedbackSignal } from '../../feedback/signal.js';
import { COMMAND } from './codes.js';
import type { Capabilities } from './replies.js';

export interface Command {
  code: number;
  data: Uint8Array;
  /** What was asked, for messages. */
  name: string;
  /** It holds what no capture may keep. */
  isSecret?: true;
  /** Of its reply, where that can be longer than what every reader can send. */
  replyBytesMax?: number;
}

/** Lights and beepers count in these. */
const TICK_MS = 100;
const COLOR = { off: 0, red: 1, green: 2 } as const;
const TONE_DEFAULT = 2;
const NO_DATA = new Uint8Array();

export const POLL: Command = { code: COMMAND.poll, data: NO_DATA, name: 'POLL' };
export const ID: Command = { code: COMMAND.id, data: Uint8Array.of(0), name: 'ID' };
export const CAP: Command = { code: COMMAND.capabilities, data: Uint8Array.of(0), name: 'CAP' };
export const LSTAT: Command = { code: COMMAND.localStatus, data: NO_DATA, name: 'LSTAT' };

/** The reader gives up the key that it has for this one; only ever inside a secure channel. */
export function keyset(key: Uint8Array): Command {
  return {
    code: COMMAND.keyset,
    data: Uint8Array.of(0x01, key.length, ...key),
    name: 'KEYSET',
    isSecret: true,
  };
}

/** Moves the reader to another address and speed; it answers at the old ones. */
export function comset(address: number, baud: number): Command {
  const data = Buffer.alloc(5);
  data.writeUInt8(address, 0);
  data.writeUInt32LE(baud, 1);
  return { code: COMMAND.comset, data, name: 'COMSET' };
}

/** A light for its time, over whatever shines there permanently, and the beeps; only what the reader has. */
export function showSignal(
  signal: FeedbackSignal,
  { hasLed, hasBuzzer }: Pick<Capabilities, 'hasLed' | 'hasBuzzer'>,
): Command[] {
  const { color, lightMs, beeps, beepMs } = FEEDBACK_PATTERNS[signal];
  const ticks = (ms: number): number => Math.max(1, Math.round(ms / TICK_MS));
  const lit = ticks(lightMs);
  // Reader 0, LED 0, set temporarily: on for all of the time; the permanent part is left as it is.
  const led = Uint8Array.of(0, 0, 2, lit, 0, COLOR[color], COLOR.off, lit, 0, 0, 0, 0, 0, 0);
  const beep = Uint8Array.of(0, TONE_DEFAULT, ticks(beepMs), 1, beeps);
  return [
    ...(hasLed ? [{ code: COMMAND.led, data: led, name: 'LED' }] : []),
    // A count of 0 would beep until it is told to stop.
    ...(hasBuzzer && beeps > 0 ? [{ code: COMMAND.buzzer, data: beep, name: 'BUZ' }] : []),
  ];
}
