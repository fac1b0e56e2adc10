import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import { SKETCH_PROFILES } from './line-profiles.js';
import { RollcallLineFirmware } from './rollcall-line.js';
import { SketchFirmware } from './sketch-line.js';

/** The framed format of our own firmware, with and without its checksums. */
const FRAMED_PROFILES = [
  { id: 'rollcall', title: 'framed with checksum, heartbeat, lights and beeper', baud: 115_200 },
  { id: 'rollcall-unverified', title: 'the same without checksums', baud: 115_200 },
] as const;

function boot(context: FirmwareContext): Firmware {
  const sketch = SKETCH_PROFILES.find((profile) => profile.id === context.profile);
  return sketch === undefined ? new RollcallLineFirmware(context) : new SketchFirmware(context, sketch);
}

export const line: DeviceModel = {
  id: 'line',
  title: 'microcontroller that prints one line per card',
  profiles: [FRAMED_PROFILES[0], FRAMED_PROFILES[1], ...SKETCH_PROFILES],
  uidBytes: [4, 5, 7, 10],
  boot,
};
