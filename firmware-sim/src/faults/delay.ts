import * as z from 'zod';
import { defineFault } from './fault.js';
import { faultMsSchema, framesSchema } from './option-bounds.js';

export const delay = defineFault({
  id: 'delay',
  title: 'the next frames leave late',
  options: z.strictObject({ ms: faultMsSchema, frames: framesSchema }),
  positional: ['ms', 'frames'],
  inflict(device, { ms, frames }) {
    device.wire.distortNextFrames(
      (frame) => [
        { kind: 'pause', pauseMs: ms },
        { kind: 'bytes', bytes: frame },
      ],
      frames,
    );
  },
});
