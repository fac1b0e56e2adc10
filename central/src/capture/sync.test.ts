import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';

let server: TestServer;
let s1: string;
const faculty = () => server.as('faculty', { faculty: 'F001' });
const SYNC = `${API}/records/offline-sync/`;
const IMPORT = `${API}/records/import/`;

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
});
afterAll(() => server.stop());

const row = (index: number, change: object = {}) => ({
  client_uuid: randomUUID(),
  session_id: s1,
  student_id: rollNumber(index),
  mark: 'present',
  captured_at: at('10:05').toISOString(),
  ...change,
});
const sync = async (...records: object[]): Promise<string[]> => {
  const { body } = await faculty().post(SYNC, { records });
  return body.results.map(({ outcome, code }: Body) => `${outcome} ${code}`.trim());
};
async function markOf(index: number): Promise<string> {
  const records = await server.results(`${API}/sessions/${s1}/records/`);
  return records.find(({ student }) => student.roll_number === rollNumber(index))?.mark;
}

describe('marks of a phone that was offline', () => {
  it('A10.12: create a mark where there was none, and never overwrite what devices saw', async () => {
    server.goTo('11:00');
    expect(await sync(row(3), row(0, { mark: 'absent' }))).toEqual(['applied', 'applied']);
    expect([await markOf(3), await markOf(0)]).toEqual(['present', 'present']);
  });

  it('case 82: 119 and exactly 120 minutes are applied, more is reviewed', async () => {
    server.goTo('12:05');
    expect(await sync(row(4, { captured_at: at('10:06').toISOString() }))).toEqual(['applied']);
    expect(await sync(row(4, { captured_at: at('10:05').toISOString() }))).toEqual(['applied']);
    const late = row(2, { captured_at: new Date(at('10:05').getTime() - 1).toISOString() });
    expect(await sync(late)).toEqual(['review TOO_OLD']);
    expect(await markOf(2)).toBe('pending');
    const decided = await server
      .as('admin')
      .post(`${API}/sessions/${s1}/offline-review/`, { decision: 'accept', reason: 'the phone was off' });
    expect(decided.body).toEqual({ decided: 1 });
    expect(await markOf(2)).toBe('present');
  });

  it('cases 82, 158: what a person rejects changes no mark, is asked about no more, and says who rejected it and why', async () => {
    const waiting = row(3, { mark: 'absent', captured_at: at('09:00').toISOString() });
    const before = await markOf(3);
    expect(await sync(waiting)).toEqual(['review TOO_OLD']);
    const review = { decision: 'reject', reason: 'the phone was somebody else’s' };
    const path = `${API}/sessions/${s1}/offline-review/`;
    expect((await server.post(path, { decision: 'reject' })).status).toBe(400);
    expect((await server.post(path, review)).body).toEqual({ decided: 1 });
    expect((await server.post(path, review)).body).toEqual({ decided: 0 });
    expect([await markOf(3), await sync(waiting)]).toEqual([before, ['duplicate']]);
    const [audit] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'offline_row', entity_id: waiting.client_uuid });
    expect(audit).toMatchObject({
      action: 'offline_rejected',
      reason: review.reason,
      before: { outcome: 'review', mark: 'absent' },
      after: { outcome: 'rejected' },
    });
    expect(audit.performed_by).not.toBeNull();
  });

  it('the same row again is the same decision; another one under its id is refused', async () => {
    const one = row(1, { mark: 'excused', captured_at: at('11:00').toISOString() });
    expect(await sync(one)).toEqual(['applied']);
    expect(await sync(one, one)).toEqual(['duplicate', 'duplicate']);
    expect(await sync({ ...one, mark: 'absent' })).toEqual(['refused CLIENT_UUID_CONFLICT']);
    expect(await server.db.knex('decision').where({ client_uuid: one.client_uuid })).toHaveLength(1);
  });

  /** Both have looked at what is known before either has stored anything: they wait for their classes. */
  async function atOnce(ids: string[], ...sent: object[][]): Promise<string[][]> {
    const { knex } = server.db;
    const trx = await knex.transaction();
    await trx('attendance_session').whereIn('id', ids).forUpdate().select('id');
    const answers = Promise.all(sent.map((records) => sync(...records)));
    await vi.waitFor(async () => {
      const waiting = await knex('pg_stat_activity')
        .where({ wait_event_type: 'Lock' })
        .whereRaw('datname = current_database()');
      expect(waiting).toHaveLength(sent.length);
    });
    await trx.commit();
    return answers;
  }

  it('the same rows in two requests at once are one decision each, and each request hears of every row', async () => {
    const records = [1, 2].map((index) => row(index, { captured_at: at('11:10').toISOString() }));
    const answers = await atOnce([s1], records, records);
    expect(answers.toSorted()).toEqual([
      ['applied', 'applied'],
      ['duplicate', 'duplicate'],
    ]);
    const ids = records.map(({ client_uuid: id }) => id);
    expect(await server.db.knex('decision').whereIn('client_uuid', ids)).toHaveLength(2);
  });

  it('one id for rows of two classes at once is a row of one of them, and the other is refused by itself', async () => {
    const { id: s2 } = await server.sessionOf('CS302');
    await server.db.knex('attendance_session').where({ id: s2 }).update({ status: 'open' });
    const [shared, own] = [row(3, { captured_at: at('11:20').toISOString() }), row(4)];
    const other = { ...shared, session_id: s2 };
    const answers = await atOnce([s1, s2], [own, shared], [other]);
    expect([['applied'], ['refused CLIENT_UUID_CONFLICT']]).toContainEqual(answers[1]);
    const isOther = answers[1]?.[0] === 'applied';
    expect(answers[0]).toEqual(['applied', isOther ? 'refused CLIENT_UUID_CONFLICT' : 'applied']);
    const stored = await server.db.knex('decision').where({ client_uuid: shared.client_uuid });
    expect(stored).toMatchObject([{ session_id: isOther ? s2 : s1 }]);
  });

  it('answers each row by itself: future, strangers, classes of others and classes that do not exist', async () => {
    await server.db.knex('faculty').insert({ code: 'F778', full_name: 'Other' });
    const future = new Date(server.clock.wallMs() + 121_000).toISOString();
    expect(
      await sync(
        row(0, { captured_at: future }),
        row(0, { student_id: 'NOBODY' }),
        row(0, { session_id: randomUUID() }),
      ),
    ).toEqual(['refused TIME_IN_FUTURE', 'refused NOT_ON_ROSTER', 'refused NOT_FOUND']);
    const other = await server.as('faculty', { faculty: 'F778' }).post(SYNC, { records: [row(0)] });
    expect(other.body.results[0]).toMatchObject({ outcome: 'refused', code: 'NOT_FOUND' });
  });

  it.each([
    ['no row', { records: [] }],
    ['rows that are none', { records: [1] }],
    ['a mark that is none', { records: [{ mark: 'x' }] }],
    ['too many rows', { records: Array(2_001).fill({}) }],
  ])('hostile: %s is refused whole', async (_what, body) => {
    expect((await faculty().post(SYNC, body)).status).toBe(400);
  });

  it('A10.13: OFFLINE_SYNC_MAX_DELTA_MINUTES changes what is reviewed', async () => {
    const setting = { key: 'OFFLINE_SYNC_MAX_DELTA_MINUTES', value: '10', data_type: 'integer' };
    await server.db.knex('attendance_configuration').insert(setting);
    expect(await sync(row(4, { captured_at: at('11:50').toISOString() }))).toEqual(['review TOO_OLD']);
    await server.db.knex('attendance_configuration').where({ key: setting.key }).delete();
  });

  it('case 83: after the lock nothing changes, and a person is told what it would have been', async () => {
    await server.db.knex('attendance_session').where({ id: s1 }).update({ status: 'locked' });
    expect(await sync(row(4, { mark: 'absent', captured_at: at('12:00').toISOString() }))).toEqual([
      'refused SESSION_LOCKED',
    ]);
    expect(await markOf(4)).toBe('present');
    const item = await server.db
      .knex('exception_item')
      .where({ code: 'LATE_AFTER_LOCK', session_id: s1 })
      .first();
    expect(item.detail).toMatchObject({ would_be: 'absent' });
    await server.db.knex('attendance_session').where({ id: s1 }).update({ status: 'closed' });
  });

  it('case 42: are written in words or in the letters of the class, also those that wait for a person', async () => {
    const { knex } = server.db;
    const { policy } = await knex('attendance_session').where({ id: s1 }).first('policy');
    const vocabulary = JSON.stringify({ mark_vocabulary: 'P:present,A:absent,L:late,E:excused,OD:excused' });
    await knex('attendance_session')
      .where({ id: s1 })
      .update({ policy: knex.raw('policy || ?::jsonb', [vocabulary]) });
    const written = async (index: number): Promise<string> => {
      const [record] = await server.results(`${API}/sessions/${s1}/records/?student=${rollNumber(index)}`);
      return `${record.mark} ${record.letter}`;
    };
    const before = (minutes: number) => new Date(server.clock.wallMs() - minutes * 60_000).toISOString();
    const one = row(3, { mark: 'od', captured_at: before(2) });
    expect(await sync(one, row(4, { mark: 'L', captured_at: before(1) }))).toEqual(['applied', 'applied']);
    expect([await written(3), await written(4)]).toEqual(['excused OD', 'late L']);
    // The same mark is the same decision, whichever way it is written.
    expect(await sync({ ...one, mark: 'excused' })).toEqual(['duplicate']);
    expect(await sync({ ...one, mark: 'P' })).toEqual(['refused CLIENT_UUID_CONFLICT']);
    expect(await sync(row(4, { mark: 'X' }))).toEqual(['refused MARK_INVALID']);
    const stored = { session_id: s1, outcome: 'review' };
    expect(await sync(row(4, { mark: 'OD', captured_at: before(121) }))).toEqual(['review TOO_OLD']);
    expect(await knex('offline_row').where(stored).whereNotNull('letter').pluck('letter')).toEqual(['OD']);
    const review = { decision: 'accept', reason: 'the phone was off' };
    await server.post(`${API}/sessions/${s1}/offline-review/`, review);
    const decided = await knex('decision').where({ session_id: s1, letter: 'OD' }).select('mark', 'kind');
    expect(decided).toEqual(Array.from({ length: 2 }, () => ({ mark: 'excused', kind: 'offline' })));
    const hostile = { records: [row(4, { mark: "P'; DROP TABLE decision; --" })] };
    expect((await faculty().post(SYNC, hostile)).status).toBe(400);
    await knex('attendance_session').where({ id: s1 }).update({ policy });
  });
});

describe('an imported file', () => {
  const coordinator = () => server.as('coordinator');
  const lines = (...more: string[]) => ['session_id,roll_number,mark,reason', ...more].join('\r\n');

  it('is first shown line by line and changes nothing, then applied', async () => {
    const csv = `\uFEFF${lines(
      `${s1},${rollNumber(2)},A,"on a trip, with ""the team"""`,
      `${s1},NOBODY,P,`,
      `nonsense,${rollNumber(1)},P,`,
      `${s1},${rollNumber(1)},present?,`,
      '',
    )}`;
    const before = await server.db.knex('decision').count('* as n');
    const preview = await coordinator().post(IMPORT, { csv });
    expect(preview.body).toEqual({
      applied: false,
      rows: 4,
      accepted: 1,
      problems: [
        { line: 3, code: 'NOT_ON_ROSTER', problem: 'NOBODY is not on the roster of the class' },
        { line: 4, code: 'SESSION_INVALID', problem: '"nonsense" is no id of a class session' },
        { line: 5, code: 'MARK_INVALID', problem: '"present?" is no mark of this class; write P, A, L or E' },
      ],
    });
    expect(await server.db.knex('decision').count('* as n')).toEqual(before);
    expect((await coordinator().post(IMPORT, { csv, apply: true })).body).toMatchObject({
      applied: true,
      accepted: 1,
    });
    expect(await markOf(2)).toBe('absent');
  });

  it('case 18: for a locked class is SESSION_LOCKED and changes nothing', async () => {
    const { knex } = server.db;
    const { status } = await knex('attendance_session').where({ id: s1 }).first('status');
    await knex('attendance_session').where({ id: s1 }).update({ status: 'locked' });
    const csv = `session_id,roll_number,mark\n${s1},${rollNumber(3)},P\n`;
    const { body } = await coordinator().post(IMPORT, { csv, apply: true });
    await knex('attendance_session').where({ id: s1 }).update({ status });
    expect(body).toMatchObject({ accepted: 0, problems: [{ line: 2, code: 'SESSION_LOCKED' }] });
  });

  it('may name its columns', async () => {
    const csv = `Class,x\n${s1},y\n`;
    const answer = await coordinator().post(IMPORT, { csv, columns: { session: 'Class' } });
    expect(answer.body.detail).toContain('has no column roll_number, mark');
  });

  it.each([
    ['text that is no CSV', '"unclosed'],
    ['another encoding', `session_id,roll_number,mark\n\uFFFD,1,P`],
    ['no header', ''],
    ['more rows than are taken at once', `session_id,roll_number,mark\n${'a,b,P\n'.repeat(10_001)}`],
  ])('hostile: %s is refused with what to do', async (_what, csv) => {
    const answer = await coordinator().post(IMPORT, { csv });
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('is for the office', async () => {
    expect((await faculty().post(IMPORT, { csv: lines() })).status).toBe(403);
  });
});
