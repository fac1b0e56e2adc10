import * as z from 'zod';
import { defineFault } from './fault.js';
import { wholeNumberSchema } from './option-bounds.js';
import { terminalOf } from './terminal-of.js';

/** Another model, a full one, or one in the middle of something. */
export const refuseChanges = defineFault({
  id: 'refuse-changes',
  title: 'makes a terminal answer every change of its users with this code; 0 ends it',
  options: z.strictObject({ code: wholeNumberSchema(-9_999, 0) }),
  positional: ['code'],
  inflict(device, { code }) {
    terminalOf(device).people.refusal = code;
  },
});
