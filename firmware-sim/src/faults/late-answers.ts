import * as z from 'zod';
import { defineFault } from './fault.js';
import { wholeNumberSchema } from './option-bounds.js';
import { terminalOf } from './terminal-of.js';

/** A terminal that is busy with the people in front of it. */
export const lateAnswers = defineFault({
  id: 'late-answers',
  title: 'makes a terminal answer changes of its users so much later; 0 ends it',
  options: z.strictObject({ ms: wholeNumberSchema(0, 3_600_000) }),
  positional: ['ms'],
  inflict(device, { ms }) {
    terminalOf(device).people.lateMs = ms;
  },
});
