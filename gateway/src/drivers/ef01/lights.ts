import { FEEDBACK_PATTERNS, type FeedbackSignal } from '../../feedback/signal.js';

/** Modes and colors of AuraLedConfig (EF01 note §8). */
const CONTROL = { breathing: 1, flashing: 2 } as const;
const COLOR = { red: 1, blue: 2, green: 4 } as const;
/** One unit of the speed is 10 ms. */
const SPEED_UNIT_MS = 10;
const SPEED_MAX = 0xff;
const IDLE_SPEED = 0x64;

export interface AuraCommand {
  control: number;
  speed: number;
  color: number;
  count: number;
}

/** Slow blue breathing: the scanner is ready. */
export const IDLE: AuraCommand = {
  control: CONTROL.breathing,
  speed: IDLE_SPEED,
  color: COLOR.blue,
  count: 0,
};

/**
 * As many flashes as another device would beep, one where it would not, over the time of the pattern.
 *
 * @param hasGreen false on the first R503s, which know red, blue and purple: there blue stands for green.
 */
export function auraOf(signal: FeedbackSignal, hasGreen: boolean): AuraCommand {
  const { color, lightMs, beeps } = FEEDBACK_PATTERNS[signal];
  const flashes = Math.max(1, beeps);
  const speed = Math.min(SPEED_MAX, Math.round(lightMs / SPEED_UNIT_MS / flashes));
  const yes = hasGreen ? COLOR.green : COLOR.blue;
  return { control: CONTROL.flashing, speed, color: color === 'green' ? yes : COLOR.red, count: flashes };
}
