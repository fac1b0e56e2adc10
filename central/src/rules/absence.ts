import { type MarkRule, systemFinding } from './rule.js';

/** Nobody is absent before every device that could have seen them has reported past the end (design §1, 2). */
export const absenceRule: MarkRule = {
  id: 'absence',
  judge(_captures, { session }) {
    return session.status === 'finalized' || session.status === 'locked'
      ? systemFinding('absent', 'NO_CAPTURE')
      : systemFinding('pending', 'NO_CAPTURE_YET');
  },
};
