import { randomUUID } from 'node:crypto';
import { STUDENT_STATUSES } from '../roster/student-statuses.js';
import { CREDIT_KINDS } from '../statistics/credits.js';
import { LIFE_COURSES, LIFE_GROUPS } from './life-campus.test-support.js';
import {
  asStudent,
  chosen,
  type Deed,
  type Doing,
  daysAfter,
  nowOf,
  oneOf,
} from './life-step.test-support.js';
import { type Answer, API } from './test-server.js';

/** For tests: what is asked, decided and written about people in random lives. */

/** About the date of the life: the evening before, its own, or the day after. */
const dayOf = ({ date, step }: Doing): string => daysAfter(date, (step.choice % 3) - 1);

const decide =
  (list: 'leave-applications' | 'correction-requests'): Deed['act'] =>
  async (doing) => {
    const open = await oneOf(doing, `${API}/${list}/?status=pending`);
    const verdict = doing.step.isFirst ? 'approve' : 'reject';
    return doing.caller.post(`${API}/${list}/${open?.id ?? randomUUID()}/${verdict}/`, {
      decision_note: doing.reason,
    });
  };

async function markOf({ campus, id, roll }: Doing): Promise<string> {
  const records = await campus.server.results(`${API}/sessions/${id}/records/`);
  return records.find(({ student }) => student.roll_number === roll)?.mark ?? 'absent';
}

const statusOf = (doing: Doing) => oneOf(doing, `${API}/student-statuses/?on=${doing.date}`);
const membershipOf = (doing: Doing) =>
  oneOf(doing, `${API}/roster-memberships/?on=${doing.date}&student=${doing.studentId}`);

const occasionOf = ({ date, step, roll, reason }: Doing): object => {
  const kind = chosen(CREDIT_KINDS, step.choice);
  const course = step.isFirst || kind === 'midterm' ? chosen(LIFE_COURSES, step.session) : null;
  const exam_date = kind === 'midterm' ? date : null;
  return { academic_period: '2026-odd', kind, course, exam_date, roll_numbers: [roll], reason };
};

export const PEOPLE_DEEDS = {
  'ask-correction': {
    act: async (doing): Promise<Answer> =>
      asStudent(doing).post(`${API}/correction-requests/`, {
        session_id: doing.id,
        from_mark: await markOf(doing),
        to_mark: doing.step.mark,
        reason: doing.reason,
      }),
  },
  'decide-correction': { act: decide('correction-requests') },
  'apply-for-leave': {
    act: (doing): Promise<Answer> => {
      const { step, date, reason } = doing;
      const start_date = step.isFirst ? date : nowOf(doing).toISOString().slice(0, 10);
      const part = step.choice % 3 === 0 ? { half_day: 'forenoon' } : {};
      const leave_type = step.choice % 2 === 0 ? 'personal' : 'on_duty';
      const wish = { leave_type, start_date, end_date: start_date, ...part, reason };
      return asStudent(doing).post(`${API}/leave-applications/`, wish);
    },
  },
  'decide-leave': { act: decide('leave-applications') },
  'cancel-leave': {
    act: async (doing): Promise<Answer> => {
      const open = await oneOf(doing, `${API}/leave-applications/?student=${doing.roll}`);
      const who = doing.step.isFirst ? asStudent(doing) : doing.caller;
      return who.del(`${API}/leave-applications/${open?.id ?? randomUUID()}/`);
    },
  },
  'revoke-leave': {
    act: async (doing): Promise<Answer> => {
      const { caller, reason } = doing;
      const given = await oneOf(doing, `${API}/leave-applications/?status=approved`);
      const path = `${API}/leave-applications/${given?.id ?? randomUUID()}/revoke/`;
      return caller.post(path, { decision_note: reason });
    },
  },
  'enter-status': {
    act: (doing): Promise<Answer> => {
      const { caller, studentId, step, reason } = doing;
      const status = chosen(STUDENT_STATUSES, step.session + step.choice);
      const valid_from = dayOf(doing);
      const isLeaving = status === 'dropped' || status === 'graduated';
      const valid_until = isLeaving ? null : daysAfter(valid_from, 1 + step.session);
      const body = { student: studentId, status, valid_from, valid_until, reason };
      return caller.post(`${API}/student-statuses/`, body);
    },
  },
  'end-status': {
    act: async (doing): Promise<Answer> => {
      const running = await statusOf(doing);
      const path = `${API}/student-statuses/${running?.id ?? randomUUID()}`;
      const { caller, reason, step } = doing;
      if (step.isFirst) return caller.post(`${path}/withdraw/`, { reason });
      return caller.post(`${path}/end/`, { valid_until: dayOf(doing), reason });
    },
  },
  'join-group': {
    act: (doing): Promise<Answer> => {
      const { caller, studentId, step, reason } = doing;
      const valid_from = dayOf(doing);
      const valid_until = step.isFirst ? daysAfter(valid_from, 2) : null;
      const section = chosen(LIFE_GROUPS, step.session + step.choice);
      const body = { section, student: studentId, valid_from, valid_until, reason };
      return caller.post(`${API}/roster-memberships/`, body);
    },
  },
  'leave-group': {
    act: async (doing): Promise<Answer> => {
      const path = `${API}/roster-memberships/${(await membershipOf(doing))?.id ?? 999_999}`;
      const { caller, step, reason } = doing;
      if (step.choice === 0) return caller.del(`${path}/`);
      return caller.post(`${path}/leave/`, { valid_until: dayOf(doing), reason });
    },
  },
  'move-group': {
    isOften: true,
    act: async (doing): Promise<Answer> => {
      const { caller, step, reason } = doing;
      const path = `${API}/roster-memberships/${(await membershipOf(doing))?.id ?? 999_999}/move/`;
      const section = chosen(LIFE_GROUPS, step.session + step.choice);
      return caller.post(path, { section, from: dayOf(doing), reason });
    },
  },
  'book-credit': {
    act: (doing): Promise<Answer> =>
      doing.caller.post(`${API}/attendance-credits/`, {
        ...occasionOf(doing),
        ...(doing.step.choice % 4 === 0 ? { held_periods: 1, attended_periods: 1 } : {}),
      }),
  },
  'take-back-credit': {
    act: (doing): Promise<Answer> =>
      doing.caller.post(`${API}/attendance-credits/take-back/`, occasionOf(doing)),
  },
} satisfies Record<string, Deed>;
