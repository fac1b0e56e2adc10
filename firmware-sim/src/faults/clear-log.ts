import * as z from 'zod';
import { defineFault } from './fault.js';
import { terminalOf } from './terminal-of.js';

/** Whoever clears the log takes away what was not read. */
export const clearLog = defineFault({
  id: 'clear-log',
  title: 'empties the log of a terminal, as somebody does in its menu',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    terminalOf(device).clear();
  },
});
