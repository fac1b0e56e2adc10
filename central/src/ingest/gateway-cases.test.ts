import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { CampusGateway } from './campus-gateway.js';

let server: TestServer;
let gateway: CampusGateway;
let s1: string;

beforeEach(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
  s1 = (await server.sessionOf('CS301')).id;
});
afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
});

async function marks(): Promise<Record<string, string>> {
  await server.judge();
  const rows = await server.db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: s1 })
    .select('st.roll_number', 'r.mark');
  return Object.fromEntries(rows.map((row) => [row.roll_number, row.mark]));
}
const alarms = (): Promise<string[]> => server.db.knex('exception_item').orderBy('id').pluck('code');
const advance = (): Promise<unknown> => advanceSessions(server.db.knex, server.clock.wallMs());

describe('what gateways send, as classes see it', () => {
  it('case 80: after six hours without uplink all is applied by capture time, and nobody was absent in between', async () => {
    const { knex } = server.db;
    for (const time of ['10:56', '12:00', '15:59']) {
      server.goTo(time);
      await advance();
      expect(Object.values(await marks())).not.toContain('absent');
    }
    server.goTo('16:00');
    await gateway.send('punch', [
      gateway.punch(at('10:03'), { student: 3 }),
      gateway.punch(at('10:11'), { student: 4 }),
    ]);
    await knex('attendance_biometric_device').update({ complete_through: new Date(server.clock.wallMs()) });
    await advance();
    expect(await marks()).toMatchObject({ [rollNumber(3)]: 'present', [rollNumber(4)]: 'late' });
    expect((await server.get(`${API}/sessions/${s1}/`)).body.status).toBe('finalized');
    const shown = await knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record' })
      .whereIn(
        'student_id',
        knex('student')
          .whereIn('roll_number', [rollNumber(3), rollNumber(4)])
          .select('id'),
      )
      .whereRaw("after->>'mark' = 'absent'");
    expect(shown).toEqual([]);
    expect(await knex('notification')).toEqual([]);
  });

  it('case 92: a lost card makes no mark and an alarm with its place; the finger of the same minute does', async () => {
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(3) })
      .first('id');
    await knex('credential').where({ student_id: student.id }).update({ state: 'lost' });
    await gateway.tap(at('10:01'), { student: 3 });
    expect((await marks())[rollNumber(3)]).toBe('pending');
    expect(await knex('exception_item').where({ code: 'CREDENTIAL_BLOCKED' })).toMatchObject([
      { student_id: student.id, detail: { device_id: 'c101', room_id: 'r101' } },
    ]);
    const { credential: _none, ...row } = gateway.punch(at('10:01:40'), {
      device: 'f101',
      row: { kind: 'finger' },
    });
    await gateway.send('punch', [{ ...row, student: { student_ref: rollNumber(3), score: 60 } }]);
    expect((await marks())[rollNumber(3)]).toBe('present');
  });

  it('case 97: a gateway with an old roster captures what it does not know, and central resolves it', async () => {
    // No member of the row says whom the gateway recognized: it did not.
    await gateway.tap(at('10:03'), { student: 3 });
    // And one that it knew under an old version is whoever has the card now.
    await gateway.tap(at('10:04'), { student: 4, row: { student: { student_ref: rollNumber(0) } } });
    expect(await marks()).toMatchObject({ [rollNumber(3)]: 'present', [rollNumber(4)]: 'present' });
  });

  it("case 120: a gateway that speaks for another building's reader makes no mark there, and a person is told", async () => {
    await server.db.knex('gateway').insert({ id: 'gw-b', building_id: 'block-a', name: 'Block B' });
    const other = await CampusGateway.of(server, 'gw-b');
    await other.tap(at('10:03'), { student: 3, device: 'c101' });
    expect((await marks())[rollNumber(3)]).toBe('pending');
    expect(await alarms()).toEqual(['READER_FOREIGN']);
    await other.stop();
  });

  it("case 120: a gateway that reads another one's roster gets 404, with an audit row", async () => {
    const authorization = `Basic ${Buffer.from('gw-a:secret').toString('base64')}`;
    const answer = await server.call('GET', `${API}/gateways/gw-b/roster/1/`, { headers: { authorization } });
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const audit = await server.db.knex('attendance_audit_log').where({ performed_by: 'gateway:gw-a' });
    expect(audit).toMatchObject([{ action: 'refused', after: { gateway_id: 'gw-b' } }]);
  });
});

describe("the seed's webhook", () => {
  it.each([
    ['nobody', ''],
    ['an admin', 'admin'],
    ['a gateway', `Basic ${Buffer.from('gw-a:secret').toString('base64')}`],
  ])('A10.24: takes nothing from %s', async (_who, credential) => {
    const token = credential === 'admin' ? (await server.authorization()).authorization : credential;
    const before = await server.db.knex('attendance_record').orderBy('id');
    const body: Body = {
      vendor_event_id: '1',
      student_id: rollNumber(3),
      session_id: s1,
      event_type: 'check_in',
    };
    const answer = await server.post(`${API}/webhooks/biometric/`, body, { authorization: token });
    expect(answer).toMatchObject({ status: 410, body: { code: 'WEBHOOK_CLOSED' } });
    await server.judge();
    expect(await server.db.knex('attendance_record').orderBy('id')).toEqual(before);
  });
});
