import { type MarkRule, systemFinding } from './rule.js';

/** A class that did not take place asks nobody for anything (domain cases 4, 6, 20, 21). */
export const heldRule: MarkRule = {
  id: 'held',
  judge(_evidence, { session, isOnRoster }) {
    switch (session.status) {
      case 'cancelled':
        return systemFinding('not_required', 'SESSION_CANCELLED');
      case 'not_held':
        return systemFinding('not_required', 'SESSION_NOT_HELD');
      case 'scheduled':
        // A class that came back has records of whoever was in it before: who has left meanwhile waits for nothing (case 38).
        return isOnRoster || session.policy.rules_version < 3
          ? systemFinding('pending', 'SESSION_NOT_OPEN')
          : systemFinding('not_required', 'NOT_ON_ROSTER');
      default:
        return undefined;
    }
  },
};
