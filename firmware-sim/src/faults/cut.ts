import * as z from 'zod';
import { defineFault } from './fault.js';
import { byteIndexSchema } from './option-bounds.js';

/** A pty that is closed forgets what nobody has read yet; a computer reads meanwhile what came before the cable was out. */
const STILL_READ_MS = 20;

/** The cable is pulled in the middle of a frame. */
export const cut = defineFault({
  id: 'cut',
  title: 'sends only the first bytes of the next frame, then unplugs',
  options: z.strictObject({ at_byte: byteIndexSchema }),
  positional: ['at_byte'],
  inflict(device, { at_byte: atByte }) {
    device.wire.distortNextFrames((frame) => [
      { kind: 'bytes', bytes: frame.subarray(0, atByte) },
      { kind: 'pause', pauseMs: STILL_READ_MS },
      { kind: 'act', act: () => void device.unplug() },
    ]);
  },
});
