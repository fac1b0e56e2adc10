import * as z from 'zod';
import { defineFault } from './fault.js';
import { byteIndexSchema, faultMsSchema, framesSchema } from './option-bounds.js';

export const pause = defineFault({
  id: 'pause',
  title: 'stops in the middle of the next frames and goes on after a time',
  options: z.strictObject({ at_byte: byteIndexSchema, ms: faultMsSchema, frames: framesSchema }),
  positional: ['at_byte', 'ms', 'frames'],
  inflict(device, { at_byte: atByte, ms, frames }) {
    device.wire.distortNextFrames(
      (frame) => [
        { kind: 'bytes', bytes: frame.subarray(0, atByte) },
        { kind: 'pause', pauseMs: ms },
        { kind: 'bytes', bytes: frame.subarray(atByte) },
      ],
      frames,
    );
  },
});
