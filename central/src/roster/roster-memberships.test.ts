import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, API, at, type Body, TestServer } from '../http/test-server.js';
import { cardOf, TestTaps } from '../ingest/test-taps.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

let server: TestServer;
let session: Body;
let taps: TestTaps;
const office = () => server.as('coordinator');
const codeOf = ({ status, body }: Answer) => [status, body.code];

beforeAll(async () => {
  server = await TestServer.start();
  taps = new TestTaps(server.db, server.clock);
  await server.db.knex('section').insert([
    { id: 'b1', name: 'B1', kind: 'batch', parent_id: 'cse-a' },
    { id: 'b2', name: 'B2', kind: 'batch', parent_id: 'cse-a' },
    { id: 'cse-b', name: 'CSE-B' },
  ]);
  session = await server.sessionOf('CS301');
});
afterAll(async () => {
  await taps.stop();
  await server.stop();
});

const idOf = async (roll: string): Promise<string> =>
  (await server.db.knex('student').where({ roll_number: roll }).first('id')).id;
const membershipOf = async (roll: string): Promise<Body> =>
  (await office().results(`${API}/roster-memberships/?student=${await idOf(roll)}&section=cse-a`))[0];
const markOf = async (roll: string, sessionId = session.id): Promise<string | undefined> => {
  await server.judge();
  const row = await server.db
    .knex('attendance_record')
    .where({ session_id: sessionId, student_id: await idOf(roll) })
    .first('mark');
  return row?.mark;
};
const address = (id: string, action = '') => `${API}/roster-memberships/${id}/${action}`;

describe('roster memberships', () => {
  it('case 38: dropped yesterday and captured is no mark and a finding; back on the roster the capture counts', async () => {
    const roll = rollNumber(0);
    const member = await membershipOf(roll);
    expect(await markOf(roll)).toBe('present');
    const left = await office().post(address(member.id, 'leave/'), {
      valid_until: '2026-07-07',
      reason: 'dropped the course',
      version: 1,
    });
    expect(left.body).toMatchObject({ valid_from: '2026-07-01', valid_until: '2026-07-07', version: 2 });
    // The mark of the class that runs already is withdrawn; in the next one there is none to begin with.
    expect(await markOf(roll)).toBe('not_required');
    const next = await server.sessionOf('CS302');
    server.goTo('10:46');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    server.goTo('10:52');
    await taps.tap(cardOf(0), at('10:51'));
    expect(await markOf(roll, next.id)).not.toBe('present');
    const findings = await server.db.knex('exception_item').where({ session_id: next.id }).pluck('code');
    expect(findings).toEqual(['NOT_ON_ROSTER']);
    const again = await office().post(`${API}/roster-memberships/`, {
      section: 'cse-a',
      student: await idOf(roll),
      valid_from: '2026-07-07',
    });
    expect(again.status).toBe(201);
    expect([await markOf(roll), await markOf(roll, next.id)]).toEqual(['present', 'present']);
    const audit: Body[] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'roster_membership', student_id: await idOf(roll) })
      .orderBy('id');
    expect(audit.map(({ action, reason }) => [action, reason])).toEqual([
      ['leave', 'dropped the course'],
      ['join', ''],
    ]);
  });

  it('case 39: somebody who joins on a date owes nothing for the classes before it', async () => {
    const { body: student } = await office().post(`${API}/students/`, {
      roll_number: 'L1',
      name: 'Late joiner',
    });
    const join = (from: string) =>
      office().post(`${API}/roster-memberships/`, {
        section: 'cse-a',
        student: student.id,
        valid_from: from,
      });
    const { body: joined } = await join('2026-07-10');
    await storePunches(server.db.knex, [{ rollNumber: 'L1', at: at('10:03') }]);
    expect(await markOf('L1')).toBeUndefined();
    // The date was wrong: it was the first of the month after all.
    expect(await office().del(address(joined.id))).toMatchObject({ status: 200 });
    await join('2026-07-01');
    expect(await markOf('L1')).toBe('present');
  });

  it('case 61: who moves between batches keeps what was under the old one; nothing is rewritten', async () => {
    const student = await idOf(rollNumber(3));
    const { body: july } = await office().post(`${API}/roster-memberships/`, {
      section: 'b1',
      student,
      valid_from: '2026-07-01',
    });
    const { body } = await office().post(address(july.id, 'move/'), {
      section: 'b2',
      from: '2026-08-01',
      reason: 'balance',
    });
    expect(body.left).toMatchObject({ section: 'b1', valid_from: '2026-07-01', valid_until: '2026-08-01' });
    expect(body.joined).toMatchObject({ section: 'b2', valid_from: '2026-08-01', valid_until: null });
    const on = async (date: string) =>
      (await office().results(`${API}/roster-memberships/?student=${student}&on=${date}`)).map(
        ({ section }) => section,
      );
    expect([await on('2026-07-31'), await on('2026-08-01')]).toEqual([
      ['cse-a', 'b1'],
      ['cse-a', 'b2'],
    ]);
    // Whole or not at all: a move into a group that the student is in already leaves both as they were.
    const third = await office().post(address(body.joined.id, 'move/'), {
      section: 'cse-a',
      from: '2026-09-01',
    });
    expect(codeOf(third)).toEqual([409, 'ALREADY_EXISTS']);
    expect(await on('2026-09-01')).toEqual(['cse-a', 'b2']);
  });

  it('one that marks were made by is ended, not deleted', async () => {
    const member = await membershipOf(rollNumber(1));
    await server.db.knex('attendance_session').where({ id: session.id }).update({ status: 'closed' });
    expect(codeOf(await office().del(address(member.id)))).toEqual([409, 'MASTER_IN_USE']);
    await server.db.knex('attendance_session').where({ id: session.id }).update({ status: 'open' });
  });

  it('hostile input, stale versions and days that overlap change nothing', async () => {
    const member = await membershipOf(rollNumber(2));
    const student = await idOf(rollNumber(2));
    const twice = { section: 'cse-a', student, valid_from: '2027-01-01' };
    expect(codeOf(await office().post(`${API}/roster-memberships/`, twice))).toEqual([409, 'ALREADY_EXISTS']);
    const leave = (body: object, headers = {}) => office().post(address(member.id, 'leave/'), body, headers);
    expect(codeOf(await leave({ valid_until: '2026-09-01', version: 9 }))).toEqual([409, 'STALE']);
    expect(codeOf(await leave({ valid_until: '2026-09-01' }, { 'if-match': '"9"' }))).toEqual([409, 'STALE']);
    for (const wrong of [
      { valid_until: '2026-07-01' },
      { valid_until: '2026-02-30' },
      { valid_until: "2026-09-01'; DROP TABLE student; --" },
      { valid_until: null },
      {},
    ]) {
      expect(codeOf(await leave(wrong))).toEqual([400, 'REQUEST_INVALID']);
    }
    for (const wrong of [
      { section: 'nowhere' },
      { student: '00000000-0000-4000-8000-00000000dead' },
      { student: 'x' },
      { valid_from: '2026-08-01', valid_until: '2026-08-01' },
      { surprise: 1 },
    ]) {
      const body = { section: 'cse-b', student, valid_from: '2026-08-01', ...wrong };
      expect(codeOf(await office().post(`${API}/roster-memberships/`, body))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    for (const id of ['0', '-1', '1e3', '99999999999999999999', "1' OR '1'='1"]) {
      expect(codeOf(await office().get(address(encodeURIComponent(id))))).toEqual([400, 'REQUEST_INVALID']);
    }
    expect(codeOf(await office().get(address('999999')))).toEqual([404, 'NOT_FOUND']);
    expect(await membershipOf(rollNumber(2))).toEqual(member);
  });

  it("case 156: a student sees the own memberships, and another one's are not there", async () => {
    const own = server.as('student', { student: rollNumber(2) });
    const mine = await own.results(`${API}/roster-memberships/`);
    expect([...new Set(mine.map(({ student }) => student.roll_number))]).toEqual([rollNumber(2)]);
    const other = await membershipOf(rollNumber(1));
    expect(codeOf(await own.get(address(other.id)))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await own.post(address(other.id, 'leave/'), { valid_until: '2026-09-01' }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });
});
