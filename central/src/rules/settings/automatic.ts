import { asked, flag, type SettingSpec } from './spec.js';

/** What happens by itself (domain A4, A7). */
export const AUTOMATIC_SETTINGS = {
  AUTO_OPEN_SESSIONS: { ...flag, ...asked, default: true, meaning: 'Classes open by themselves.' },
  AUTO_CLOSE_SESSIONS: { ...flag, ...asked, default: true, meaning: 'Classes close by themselves.' },
  AUTO_MARK_ABSENT: {
    ...flag,
    ...asked,
    default: true,
    meaning:
      'Classes whose devices have all reported become final by themselves, and who was not seen absent.',
  },
  AUTO_LOCK: {
    ...flag,
    ...asked,
    default: true,
    meaning: 'Classes lock by themselves when the time for corrections is over and none is waiting.',
  },
  SEND_ATTENDANCE_NOTIFICATIONS: {
    ...flag,
    ...asked,
    default: true,
    meaning:
      'Students are told when a mark of theirs changes for the better, where their class is when they are captured elsewhere, and, by programme, when their attendance is low.',
  },
} as const satisfies Record<string, SettingSpec>;
