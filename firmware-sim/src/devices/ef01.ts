import type { DeviceModel } from './device.js';
import { Ef01Firmware } from './ef01/firmware.js';
import { EF01_PROFILES } from './ef01/profiles.js';

export const ef01: DeviceModel = {
  id: 'ef01',
  title: 'fingerprint module of the EF01 family',
  profiles: EF01_PROFILES,
  uidBytes: [],
  readsFingers: true,
  boot(context) {
    const profile = EF01_PROFILES.find(({ id }) => id === context.profile) ?? EF01_PROFILES[0];
    return new Ef01Firmware(context, profile);
  },
};
