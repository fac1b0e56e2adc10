import * as z from 'zod';
import { defineFault } from './fault.js';
import { terminalOf } from './terminal-of.js';

/** A power cut in the middle of a write to flash. */
export const badLine = defineFault({
  id: 'bad-line',
  title: 'adds an entry to the log of a terminal that nobody can read',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    terminalOf(device).breakEntry();
  },
});
