import * as z from 'zod';
import { defineFault } from './fault.js';

export const thaw = defineFault({
  id: 'thaw',
  title: 'ends a freeze',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    device.wire.thaw();
  },
});
