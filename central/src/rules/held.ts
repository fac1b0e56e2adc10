import { type MarkRule, systemFinding } from './rule.js';

/** A class that did not take place asks nobody for anything (domain cases 4, 6, 20, 21). */
export const heldRule: MarkRule = {
  id: 'held',
  judge(_evidence, { session }) {
    switch (session.status) {
      case 'cancelled':
        return systemFinding('not_required', 'SESSION_CANCELLED');
      case 'not_held':
        return systemFinding('not_required', 'SESSION_NOT_HELD');
      case 'scheduled':
        return systemFinding('pending', 'SESSION_NOT_OPEN');
      default:
        return undefined;
    }
  },
};
