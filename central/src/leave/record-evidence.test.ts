import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { rollNumber } from '../seed/test-campus.js';

const LEAVE = `${API}/leave-applications/`;

let server: TestServer;
let weeks: TestWeeks;
beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server.stop());
beforeEach(() => weeks.next());

async function approvedLeave(index: number): Promise<string> {
  const { body } = await server.as('student', { student: rollNumber(index) }).post(LEAVE, {
    leave_type: 'personal',
    start_date: weeks.day,
    end_date: weeks.day,
    reason: 'family matter',
  });
  expect((await server.post(`${LEAVE}${body.id}/approve/`)).status).toBe(200);
  return body.id;
}

describe('A11: what a record rests on', () => {
  it('is its captures, its decisions and its leave, as the explanation has them', async () => {
    const leave = await approvedLeave(2);
    await weeks.hold([0]);
    const { id: session } = await weeks.session();
    await server.as('faculty', { faculty: 'F001' }).post(`${API}/records/`, {
      session_id: session,
      student: rollNumber(1),
      mark: 'present',
      reason: 'forgot the card',
    });
    const restsOn = async (index: number): Promise<[Body, Body[]]> => {
      const { id } = await weeks.record(index);
      const why = (await server.get(`${API}/records/${id}/explain/`)).body;
      const rows = await server.db
        .knex('record_evidence')
        .where({ record_id: id })
        .select('kind', 'evidence_id');
      return [why, rows];
    };
    const [captured, captures] = await restsOn(0);
    expect(captures).toEqual([{ kind: 'card', evidence_id: captured.evidence[0].punch_id }]);
    const [marked, decisions] = await restsOn(1);
    expect(decisions).toEqual([{ kind: 'decision', evidence_id: marked.decisions[0] }]);
    const [excused, leaves] = await restsOn(2);
    expect([leaves, excused.leave_id]).toEqual([[{ kind: 'leave', evidence_id: leave }], leave]);
    const [, nothing] = await restsOn(3);
    expect(nothing).toEqual([]);
  });

  it('case 18: leave that a locked mark rests on is not taken back either by whoever has left the class since', async () => {
    const leave = await approvedLeave(2);
    await weeks.hold([0]);
    const { id: session } = await weeks.session();
    await server.post(`${API}/sessions/${session}/lock/`);
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(2) })
      .first('id');
    await knex('roster_membership')
      .where({ student_id: student.id })
      .update({ valid_during: `[2026-07-01,${weeks.day})` });
    const refused = await server.post(`${LEAVE}${leave}/revoke/`, { decision_note: 'a mistake' });
    expect([refused.status, refused.body.code]).toEqual([409, 'SESSION_LOCKED']);
    expect((await server.get(`${LEAVE}${leave}/`)).body.status).toBe('approved');
  });
});
