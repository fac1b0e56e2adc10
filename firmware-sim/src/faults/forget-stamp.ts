import * as z from 'zod';
import { defineFault } from './fault.js';
import { terminalOf } from './terminal-of.js';

/** Another server was there in between, or the terminal was reset. */
export const forgetStamp = defineFault({
  id: 'forget-stamp',
  title: 'makes a terminal send its whole log again',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    terminalOf(device).forgetSent();
  },
});
