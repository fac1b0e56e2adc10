import * as z from 'zod';
import { defineFault } from './fault.js';
import { framesSchema } from './option-bounds.js';

export const duplicate = defineFault({
  id: 'duplicate',
  title: 'sends the next frames twice',
  options: z.strictObject({ frames: framesSchema }),
  positional: ['frames'],
  inflict(device, { frames }) {
    device.wire.distortNextFrames(
      (frame) => [
        { kind: 'bytes', bytes: frame },
        { kind: 'bytes', bytes: frame },
      ],
      frames,
    );
  },
});
