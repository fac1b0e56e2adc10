import * as z from 'zod';
import { defineFault } from './fault.js';
import { framesSchema, wholeNumberSchema } from './option-bounds.js';

const FRAME_BITS_MAX = 32_768;

export const flip = defineFault({
  id: 'flip',
  title: 'one bit of the next frames is wrong: the given one or a random one',
  options: z.strictObject({
    bit: wholeNumberSchema(0, FRAME_BITS_MAX).optional(),
    frames: framesSchema,
  }),
  positional: ['bit', 'frames'],
  inflict(device, { bit, frames }) {
    device.wire.distortNextFrames((frame) => {
      const index = (bit ?? device.random.int(0, frame.length * 8 - 1)) % (frame.length * 8);
      const bytes = Uint8Array.from(frame);
      const at = index >> 3;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (index & 7));
      return [{ kind: 'bytes', bytes }];
    }, frames);
  },
});
