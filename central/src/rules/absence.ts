import { absentWhenFinal, type MarkRule, systemFinding } from './rule.js';

/** Nobody is absent before every device that could have seen them has reported past the end (design §1, 2). */
export const absenceRule: MarkRule = {
  id: 'absence',
  judge(_evidence, facts) {
    const mark = absentWhenFinal(facts);
    return systemFinding(mark, mark === 'absent' ? 'NO_CAPTURE' : 'NO_CAPTURE_YET');
  },
};
