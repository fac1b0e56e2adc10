import * as z from 'zod';
import { defineFault } from './fault.js';
import { framesSchema } from './option-bounds.js';

export const lose = defineFault({
  id: 'lose',
  title: 'the next frames never arrive, as on a bad network',
  options: z.strictObject({ frames: framesSchema }),
  positional: ['frames'],
  inflict(device, { frames }) {
    device.wire.distortNextFrames(() => [], frames);
  },
});
