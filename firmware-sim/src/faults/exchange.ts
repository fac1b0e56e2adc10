import * as z from 'zod';
import { defineFault } from './fault.js';
import { faultMsSchema } from './option-bounds.js';

/** Long enough to pull one plug and push the next. */
const OFF_MS = 1_500;

export const exchange = defineFault({
  id: 'exchange',
  title: 'another device of its kind, empty, is put on the same cable',
  options: z.strictObject({ ms: faultMsSchema.default(OFF_MS) }),
  positional: ['ms'],
  inflict(device, { ms }) {
    device.exchange(ms);
  },
});
