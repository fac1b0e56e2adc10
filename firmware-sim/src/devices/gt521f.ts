import type { DeviceModel } from './device.js';
import { Gt521fFirmware, type Gt521fProfile } from './gt521f/firmware.js';

const COMMON = { baud: 9_600, templateBytes: 498, width: 258, height: 202 };
const PROFILES: readonly [Gt521fProfile, ...Gt521fProfile[]] = [
  { id: 'gt521f52', title: 'GT-521F52: 3000 slots', ...COMMON, capacity: 3_000 },
  { id: 'gt511c3', title: 'GT-511C3 and GT-521F32: 200 slots', ...COMMON, capacity: 200 },
  {
    id: 'gt511c1r',
    title: 'GT-511C1R: 20 slots, larger templates',
    baud: 9_600,
    templateBytes: 506,
    width: 240,
    height: 216,
    capacity: 20,
  },
];

export const gt521f: DeviceModel = {
  id: 'gt521f',
  title: 'fingerprint module of the GT-521F and GT-511C series',
  profiles: PROFILES,
  uidBytes: [],
  readsFingers: true,
  boot(context) {
    const profile = PROFILES.find(({ id }) => id === context.profile) ?? PROFILES[0];
    return new Gt521fFirmware(context, profile);
  },
};
