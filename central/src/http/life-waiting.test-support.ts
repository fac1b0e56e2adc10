import { randomUUID } from 'node:crypto';
import { chosen, type Deed, type Doing, oneOf } from './life-step.test-support.js';
import { type Answer, API, type Body } from './test-server.js';

/** For tests: what waits for a person in random lives, and what the person says. */

async function itemOf({ campus, ids, step }: Doing): Promise<Body> {
  const open: Body[] = await campus.server.results(`${API}/exception-items/?open=1&limit=100`);
  const own = open.filter(({ session }) => session !== null && ids.includes(session.id));
  return chosen(own.length === 0 ? open : own, step.choice);
}

export const WAITING_DEEDS = {
  'resolve-item': {
    isOften: true,
    may: ['not_held', 'cancel', 'finalize'],
    reach: 'one',
    act: async (doing): Promise<Answer> => {
      const { caller, step, reason, roll } = doing;
      const item = await itemOf(doing);
      const decision = chosen<string>(item?.decisions ?? ['acknowledge'], step.student) ?? 'acknowledge';
      const statement = decision === 'statement' ? { marks: [{ student: roll, mark: step.mark }] } : {};
      const one = decision === 'mark' ? { mark: step.mark } : {};
      const path = `${API}/exception-items/${item?.id ?? 999_999_999}/resolve/`;
      return caller.post(path, { decision, reason, ...one, ...statement });
    },
  },
  'decide-review': {
    isOften: true,
    act: async (doing): Promise<Answer> => {
      const { caller, step, reason, id } = doing;
      const batch = await oneOf(doing, `${API}/review-batches/?state=open`);
      const named = step.choice % 3 === 0 ? { session_ids: [id] } : {};
      const path = `${API}/review-batches/${batch?.id ?? randomUUID()}/decide/`;
      return caller.post(path, { decision: step.isFirst ? 'accept' : 'refuse', reason, ...named });
    },
  },
} satisfies Record<string, Deed>;
