import { absentWhenFinal, type MarkRule, systemFinding } from './rule.js';

/** A holiday of the student's own group, in a class that others have (domain case 8). */
export const holidayRule: MarkRule = {
  id: 'holiday',
  judge: (_evidence, { isOnHoliday }) =>
    isOnHoliday === true ? systemFinding('not_required', 'ON_HOLIDAY') : undefined,
};

/** Suspension and withdrawal count by their dates, with the mark that the policy gives them (case 40). */
export const statusRule: MarkRule = {
  id: 'status',
  judge(_evidence, facts) {
    if (facts.status == null) return undefined;
    const isSuspended = facts.status === 'suspended_disciplinary';
    const { suspended_mark, withdrawn_mark } = facts.session.policy;
    const isAsked = (isSuspended ? suspended_mark : withdrawn_mark) === 'absent';
    const reason = isSuspended ? 'SUSPENDED' : 'WITHDRAWN';
    return systemFinding(isAsked ? absentWhenFinal(facts) : 'not_required', reason);
  },
};

/**
 * Approved leave excuses who did not attend (domain cases 37, 121, 122): attending is never worse than leave,
 * so this stands after the rules that find attendance and before those that find its absence.
 */
export const leaveRule: MarkRule = {
  id: 'leave',
  judge(_evidence, { leaveId }) {
    if (leaveId == null) return undefined;
    return { ...systemFinding('excused', 'ON_LEAVE'), leaveId };
  },
};
