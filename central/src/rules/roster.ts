import { type MarkRule, systemFinding } from './rule.js';

/** Who was not on the roster on that date is asked for nothing (domain cases 38, 39). */
export const rosterRule: MarkRule = {
  id: 'roster',
  judge: (_evidence, { isOnRoster }) =>
    isOnRoster ? undefined : systemFinding('not_required', 'NOT_ON_ROSTER'),
};
