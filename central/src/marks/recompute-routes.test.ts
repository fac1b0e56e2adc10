import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

let server: TestServer;
let s1: string;
const recompute = async (body: object): Promise<Body> =>
  (await server.post(`${API}/sessions/${s1}/recompute/`, body)).body;
const stamped = async (): Promise<number> =>
  (await server.get(`${API}/sessions/${s1}/`)).body.policy.grace_period_minutes;
async function markOf(index: number): Promise<string> {
  const records = await server.results(`${API}/sessions/${s1}/records/`);
  return records.find(({ student }) => student.roll_number === rollNumber(index))?.mark;
}

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
  server.goTo('12:00');
  await advanceSessions(server.db.knex, server.clock.wallMs());
  await server.judge();
});
afterAll(() => server.stop());

describe('recomputing a class', () => {
  it('changes nothing where evidence and rules are the same', async () => {
    expect(await recompute({ apply: true, reason: 'late news' })).toMatchObject({
      applied: true,
      sessions: 1,
      changes: [],
    });
  });

  it('keeps the rules of a class that was held when a setting changes', async () => {
    await server.post(`${API}/configurations/`, { key: 'GRACE_PERIOD_MINUTES', value: 8 });
    expect(await recompute({ apply: true, reason: 'late news' })).toMatchObject({
      restamped: 0,
      changes: [],
    });
    expect([await stamped(), await markOf(1)]).toEqual([5, 'late']);
  });

  it('with the settings of now says who gets another mark, and changes nothing before it is applied', async () => {
    const change = {
      session_id: s1,
      course_code: 'CS301',
      roll_number: rollNumber(1),
      from: 'late',
      to: 'present',
      from_reason: 'LATE',
      reason: 'ON_TIME',
    };
    const preview = await recompute({ with_settings: true });
    expect(preview).toMatchObject({ applied: false, restamped: 1, changes: [change] });
    expect([await stamped(), await markOf(1)]).toEqual([5, 'late']);
    expect(await recompute({ with_settings: true, apply: true, reason: 'late news' })).toMatchObject({
      changes: [change],
    });
    expect([await stamped(), await markOf(1)]).toEqual([8, 'present']);
  });

  it('case 144: says who crosses the threshold as it was when the period ended, not as it is since', async () => {
    const { knex } = server.db;
    const before = server.clock.wallMs();
    await knex('attendance_session').where({ id: s1 }).update({ status: 'finalized' });
    await server.post(`${API}/configurations/`, { key: 'RFID_ENABLED', value: false });
    const threshold = { key: 'ATTENDANCE_THRESHOLD_PERCENT', data_type: 'integer', value: '0' };
    const crossing = async (from: string): Promise<string[]> => {
      const [row] = await knex('attendance_configuration')
        .insert({ ...threshold, effective_from: new Date(`${from}T00:00:00+05:30`) })
        .returning('id');
      const { crossing: found } = await recompute({ with_settings: true });
      await knex('attendance_configuration').where({ id: row.id }).delete();
      return found.map(({ roll_number: roll }: Body) => roll);
    };
    server.clock.stepWall(Date.parse('2027-02-01T12:00:00+05:30') - before);
    expect(await crossing('2027-01-01')).toContain(rollNumber(1));
    expect(await crossing('2026-07-02')).not.toContain(rollNumber(1));
    server.clock.stepWall(before - server.clock.wallMs());
    await knex('attendance_configuration').where({ key: 'RFID_ENABLED' }).delete();
  });

  it('case 18: refuses to judge a locked class again, looks at it without a change, and leaves it out of a range', async () => {
    await server.post(`${API}/configurations/`, { key: 'GRACE_PERIOD_MINUTES', value: 5 });
    await server.db.knex('attendance_session').where({ id: s1 }).update({ status: 'locked' });
    expect(await recompute({ with_settings: true })).toMatchObject({ sessions: 0, changes: [] });
    const refused = await recompute({ with_settings: true, apply: true, reason: 'late news' });
    expect(refused).toMatchObject({ status: 409, code: 'SESSION_LOCKED' });
    const range = await server.post(`${API}/recompute/preview/`, {
      start_date: '2026-07-07',
      end_date: '2026-07-07',
      with_settings: true,
      apply: true,
      reason: 'late news',
    });
    expect(range.body.changes).toEqual([]);
    expect(await markOf(1)).toBe('present');
  });

  it('is for the head of the class, and not for its faculty', async () => {
    const path = `${API}/sessions/${s1}/recompute/`;
    await server.db.knex('department').insert({ id: 'elsewhere', campus_id: 'main', name: 'Elsewhere' });
    expect((await server.as('faculty', { faculty: 'F001' }).post(path)).status).toBe(403);
    expect((await server.as('hod', { department: 'elsewhere' }).post(path)).status).toBe(404);
  });
});
