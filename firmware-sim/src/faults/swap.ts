import * as z from 'zod';
import { defineFault } from './fault.js';

/** Datagrams take ways of their own; on a cable nothing overtakes anything. */
export const swap = defineFault({
  id: 'swap',
  title: 'the frame after the next one arrives before it',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    let held: Uint8Array | undefined;
    device.wire.distortNextFrames((frame) => {
      const late = held;
      held = frame;
      if (late === undefined) return [];
      return [
        { kind: 'bytes', bytes: frame },
        { kind: 'bytes', bytes: late },
      ];
    }, 2);
  },
});
