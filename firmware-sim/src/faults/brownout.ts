import * as z from 'zod';
import { defineFault } from './fault.js';
import { faultMsSchema } from './option-bounds.js';

/** The supply sags: the device is gone and comes back by itself, under another number. */
export const brownout = defineFault({
  id: 'brownout',
  title: 'disappears and comes back after a time',
  options: z.strictObject({ ms: faultMsSchema }),
  positional: ['ms'],
  async inflict(device, { ms }) {
    await device.unplug();
    device.later(ms, () => device.plug());
  },
});
