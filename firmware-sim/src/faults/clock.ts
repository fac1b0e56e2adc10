import * as z from 'zod';
import { defineFault } from './fault.js';
import { wholeNumberSchema } from './option-bounds.js';
import { terminalOf } from './terminal-of.js';

/** Thirty years: a clock that was reset to 2000 is behind by no more. */
const SECONDS_MAX = 30 * 366 * 86_400;

/** An empty battery, a wrong zone, a curious person in the menu. */
export const clock = defineFault({
  id: 'clock',
  title: 'sets the clock of a terminal this far ahead of the true time, or behind it with a minus',
  options: z.strictObject({ seconds: wholeNumberSchema(-SECONDS_MAX, SECONDS_MAX) }),
  positional: ['seconds'],
  inflict(device, { seconds }) {
    terminalOf(device).setOffset(seconds * 1_000);
  },
});
