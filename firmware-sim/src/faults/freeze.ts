import * as z from 'zod';
import { defineFault } from './fault.js';
import { faultMsSchema } from './option-bounds.js';

export const freeze = defineFault({
  id: 'freeze',
  title: 'the device hangs: it neither sends nor reads, for a time or until "thaw"',
  options: z.strictObject({ ms: faultMsSchema.optional() }),
  positional: ['ms'],
  inflict(device, { ms }) {
    device.wire.freeze();
    if (ms !== undefined) device.later(ms, () => device.wire.thaw());
  },
});
