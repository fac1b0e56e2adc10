import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { createJudge } from './judge.js';
import { queueSessions, queueStudent } from './queue.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
beforeEach(() => campus.nextDay());
afterAll(() => campus.close());

/** A class of a group that the student is not in, and a correction that says that he was there. */
async function corrected(): Promise<{ sessionId: string; studentId: string }> {
  const { knex } = campus.db;
  const sessionId = await campus.hold({ from: '09:00', until: '09:50', group: 'b1', room: 'r202' });
  const studentId = await campus.studentId(0);
  await knex('decision').insert({
    session_id: sessionId,
    student_id: studentId,
    kind: 'correction',
    mark: 'present',
    reason: 'was moved since',
    source: 'manual',
    decided_at: campus.at('12:00'),
    received_at: campus.at('12:00'),
  });
  await knex('judgement_todo').delete();
  return { sessionId, studentId };
}

async function marks(sessionId: string): Promise<string[]> {
  const clock = new ManualClock(campus.at('18:00').getTime());
  await createJudge({ db: campus.db, clock, log: silentLog }).run();
  return campus.db.knex('attendance_record').where({ session_id: sessionId }).pluck('mark');
}

describe('who is judged', () => {
  it('with a class: also somebody who is in no group of it, and about whom somebody has decided', async () => {
    const { sessionId } = await corrected();
    await campus.db.knex.transaction((trx) => queueSessions(trx, [sessionId]));
    expect(await marks(sessionId)).toEqual(['present']);
  });

  it('with a student: also in classes that somebody has decided about', async () => {
    const { sessionId, studentId } = await corrected();
    const day = { from: campus.date(), until: campus.date() };
    await campus.db.knex.transaction((trx) => queueStudent(trx, studentId, day));
    expect(await marks(sessionId)).toEqual(['present']);
  });
});
