import * as z from 'zod';
import { ENTRIES_MAX } from '../devices/terminal/terminal-memory.js';
import { defineFault } from './fault.js';
import { wholeNumberSchema } from './option-bounds.js';
import { terminalOf } from './terminal-of.js';

/** A terminal that was without its network for a while. */
export const stored = defineFault({
  id: 'stored',
  title: 'puts so many earlier entries into the log of a terminal',
  options: z.strictObject({ entries: wholeNumberSchema(1, ENTRIES_MAX) }),
  positional: ['entries'],
  inflict(device, { entries }) {
    terminalOf(device).store(entries);
  },
});
