import { flag, judged, type SettingSpec } from './spec.js';

/** Which readers count (domain A4). Each class keeps those that it was stamped with. */
export const READER_SETTINGS = {
  BIOMETRIC_ENABLED: {
    ...flag,
    ...judged,
    default: true,
    meaning: 'Captures of fingers and faces count.',
  },
  RFID_ENABLED: {
    ...flag,
    ...judged,
    default: true,
    meaning: 'Captures of cards count.',
  },
} as const satisfies Record<string, SettingSpec>;
