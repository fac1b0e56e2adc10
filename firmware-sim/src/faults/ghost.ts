import * as z from 'zod';
import { defineFault } from './fault.js';

/** A well-formed frame although no card is there, as flaky coils produce (RDM6300 note §6). */
export const ghost = defineFault({
  id: 'ghost',
  title: 'sends a valid frame of a card that is not there',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    device.wire.sendFrame(device.firmware.ghostFrame());
  },
});
