import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';

let server: TestServer;
let s1: string;
const faculty = () => server.as('faculty', { faculty: 'F001' });
const BULK = `${API}/records/bulk-mark/`;

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
});
afterAll(() => server.stop());

async function records(): Promise<Record<string, Body>> {
  const list = await server.results(`${API}/sessions/${s1}/records/`);
  return Object.fromEntries(list.map((record) => [record.student.roll_number, record]));
}
const markOf = async (index: number): Promise<string> => (await records())[rollNumber(index)].mark;

describe('marks by hand', () => {
  it('case 30: an explicit mark with a reason stands against device evidence, which stays visible', async () => {
    expect(await markOf(0)).toBe('present');
    const marked = await faculty().post(`${API}/records/`, {
      session_id: s1,
      student: rollNumber(0),
      mark: 'absent',
      reason: 'left after roll',
    });
    expect([marked.status, marked.body.mark, marked.body.source]).toEqual([201, 'absent', 'manual']);
    const why = (await server.get(`${API}/records/${marked.body.id}/explain/`)).body;
    expect(why).toMatchObject({ reason: 'DECIDED_BY_HUMAN', rule: 'explicit-decision' });
    expect(why.evidence).toMatchObject([{ used: false, why: 'OUTRANKED' }]);
  });

  it('needs a reason, a student of the class and a class of one’s own', async () => {
    const body = { session_id: s1, student: rollNumber(0), mark: 'present' };
    expect((await faculty().post(`${API}/records/`, body)).status).toBe(400);
    const stranger = await faculty().post(`${API}/records/`, {
      ...body,
      student: 'NOBODY',
      reason: 'was here',
    });
    expect([stranger.status, stranger.body.code]).toEqual([409, 'NOT_ON_ROSTER']);
    await server.db.knex('faculty').insert({ code: 'F777', full_name: 'Other' }).onConflict('code').ignore();
    const other = await server
      .as('faculty', { faculty: 'F777' })
      .post(`${API}/records/`, { ...body, reason: 'mine' });
    expect(other.status).toBe(404);
  });

  it('A10.23, case 120: a student cannot mark, and the attempt is audited', async () => {
    const answer = await server.as('student', { student: rollNumber(1) }).post(`${API}/records/`, {
      session_id: s1,
      student: rollNumber(1),
      mark: 'present',
      reason: 'I say so',
    });
    expect(answer.status).toBe(403);
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', actor_role: 'student' });
    expect(rows.length).toBeGreaterThan(0);
  });

  it('a withdrawn decision gives the mark back to the evidence', async () => {
    const record = (await records())[rollNumber(0)];
    expect((await faculty().del(`${API}/records/${record.id}/`, {}, { reason: 'a mistake' })).status).toBe(
      200,
    );
    expect(await markOf(0)).toBe('present');
    const log = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'decision' })
      .pluck('action');
    expect(log).toEqual(['mark_attendance', 'withdraw']);
  });

  it('is changed with another reason', async () => {
    const record = (await records())[rollNumber(1)];
    const changed = await faculty().patch(`${API}/records/${record.id}/`, {
      mark: 'excused',
      reason: 'sent by me',
    });
    expect(changed.body.mark).toBe('excused');
    await faculty().del(`${API}/records/${record.id}/`, {}, { reason: 'a mistake' });
    expect(await markOf(1)).toBe('late');
  });

  it('takes the seed’s names, and refuses names that contradict each other (A1.7, A5)', async () => {
    const seed = { session: s1, student_id: rollNumber(3), mark: 'late', reason: 'came late' };
    const marked = await faculty().post(`${API}/records/`, {
      ...seed,
      source: 'offline',
      device_id: 'phone-7',
    });
    expect([marked.status, marked.body.mark]).toEqual([201, 'late']);
    const read = await faculty().get(`${API}/records/${marked.body.id}/`);
    expect([read.body, read.headers.get('etag')]).toEqual([marked.body, `"${marked.body.version}"`]);
    expect(
      (await server.as('student', { student: rollNumber(1) }).get(`${API}/records/${marked.body.id}/`))
        .status,
    ).toBe(404);
    const [row] = await server.db.knex('decision').where({ source: 'offline' });
    expect(row).toMatchObject({ mark: 'late', kind: 'explicit' });
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: row.id }).first('after');
    expect(audit.after).toMatchObject({ source: 'offline', device_id: 'phone-7' });
    await faculty().del(`${API}/records/${marked.body.id}/`, {}, { reason: 'a mistake' });
    for (const wrong of [
      { ...seed, session_id: '00000000-0000-4000-8000-000000000001' },
      { ...seed, student: rollNumber(4) },
      { ...seed, session: undefined },
      { ...seed, student_id: undefined },
      { ...seed, source: 'biometric' },
    ]) {
      const answer = await faculty().post(`${API}/records/`, wrong);
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
    }
  });
});

describe('bulk marks', () => {
  it('A10.6, case 158: change what they say, tell each row, and leave one audit row for each record', async () => {
    const { knex } = server.db;
    const before = await knex('attendance_audit_log').count<{ count: number }[]>('* as count');
    const answer = await faculty().post(
      BULK,
      {
        session_id: s1,
        attendance_data: [
          { student_id: rollNumber(2), mark: 'present', reason: 'seen in the first row' },
          { student_id: rollNumber(3), mark: 'present' },
          { student_id: 'NOBODY', mark: 'present' },
          { student_id: rollNumber(3), mark: 'absent' },
        ],
      },
      { 'x-request-id': 'bulk-request-1' },
    );
    expect(answer.body).toMatchObject({ applied: 2, refused: 2 });
    expect(answer.body.results.map(({ code }: Body) => code)).toEqual([
      '',
      '',
      'NOT_ON_ROSTER',
      'LISTED_TWICE',
    ]);
    expect([await markOf(2), await markOf(3)]).toEqual(['present', 'present']);
    const rows = await knex('attendance_audit_log').where({ request_id: 'bulk-request-1' });
    expect(rows.filter(({ entity_type: type }) => type === 'decision')).toHaveLength(2);
    expect(rows.filter(({ entity_type: type }) => type === 'attendance_record')).toHaveLength(2);
    expect(rows.every(({ actor_role: role }) => role === 'faculty')).toBe(true);
    const actors = new Set(rows.map(({ performed_by }) => performed_by));
    expect([actors.size, actors.has(null)]).toEqual([1, false]);
    expect(before).toBeDefined();
  });

  it.each([
    'manual',
    'offline',
    'import',
  ])('take the seed’s source %s and keep the device (A5)', async (source) => {
    const answer = await faculty().post(BULK, {
      session_id: s1,
      attendance_data: [{ student_id: rollNumber(3), mark: 'present', reason: `from ${source}` }],
      source,
      device_id: 'tablet-2',
    });
    expect(answer.body).toMatchObject({ applied: 1 });
    const row = await server.db.knex('decision').where({ call_id: answer.body.call_id }).first();
    expect([row.source, row.kind]).toEqual([source, 'explicit']);
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: row.id }).first('after');
    expect(audit.after).toEqual({ mark: 'present', kind: 'explicit', source, device_id: 'tablet-2' });
  });

  it.each([
    'qr',
    'biometric',
    'rfid',
    'system',
    '',
  ])('refuse the source "%s": that is evidence', async (source) => {
    const answer = await faculty().post(BULK, { session_id: s1, attendance_data: [], source });
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body.detail).toContain('manual, offline or import');
  });

  it('are listed by source, period and state of synchronization (A5)', async () => {
    const by = (filter: string): Promise<Body[]> => server.results(`${API}/records/?session=${s1}&${filter}`);
    const all = await by('academic_period=2026-odd');
    expect(all).toHaveLength(5);
    expect(await by('academic_period=2025-odd')).toEqual([]);
    const rolls = (list: Body[]): string[] => list.map(({ student }) => student.roll_number);
    for (const source of ['manual', 'rfid', 'import']) {
      expect(rolls(await by(`source=${source}`))).toEqual(rolls(all.filter((one) => one.source === source)));
    }
    const pending = all.filter(({ mark }) => mark === 'pending');
    expect(pending.length).toBeGreaterThan(0);
    expect(rolls(await by('sync_status=pending'))).toEqual(rolls(pending));
    const id = (
      await server.db
        .knex('student')
        .where({ roll_number: rollNumber(0) })
        .first('id')
    ).id;
    await server.db.knex('offline_row').insert({
      client_uuid: '00000000-0000-4000-8000-00000000000a',
      session_id: s1,
      student_id: id,
      mark: 'late',
      captured_at: at('10:05'),
      received_at: at('10:10'),
      outcome: 'review',
    });
    expect(rolls(await by('sync_status=conflict'))).toEqual([rollNumber(0)]);
    expect(rolls(await by('sync_status=synced'))).toEqual(
      rolls(all).filter((roll) => roll !== rollNumber(0) && !rolls(pending).includes(roll)),
    );
    expect((await server.get(`${API}/records/?sync_status=lost`)).status).toBe(400);
    await server.db.knex('offline_row').delete();
  });

  it('a mark that has changed since it was read is STALE, and stays', async () => {
    const marked = await faculty().post(`${API}/records/`, {
      session_id: s1,
      student: rollNumber(3),
      mark: 'late',
      reason: 'came late',
    });
    const seen = { 'if-match': marked.headers.get('etag') ?? '' };
    const path = `${API}/records/${marked.body.id}/`;
    expect((await server.get(`${path}explain/`)).headers.get('etag')).toBe(seen['if-match']);
    server.clock.advance(1_000);
    const first = await faculty().patch(path, { mark: 'present', reason: 'was in time' }, seen);
    expect([first.status, first.body.mark]).toEqual([200, 'present']);
    for (const again of [
      await faculty().patch(path, { mark: 'absent', reason: 'was not there' }, seen),
      await faculty().del(path, seen, { reason: 'a mistake' }),
    ]) {
      expect([again.status, again.body.code]).toEqual([409, 'STALE']);
    }
    expect(await markOf(3)).toBe('present');
    const wrong = await faculty().patch(
      path,
      { mark: 'absent', reason: 'was not there' },
      { 'if-match': 'x' },
    );
    expect(wrong.body.code).toBe('REQUEST_INVALID');
  });

  it('case 31: "the rest is absent" gives way to a finger that arrives later', async () => {
    await faculty().post(BULK, { session_id: s1, mark_rest: 'absent' });
    expect(await markOf(4)).toBe('absent');
    expect(await markOf(0)).toBe('present');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:04') }]);
    await server.judge();
    expect(await markOf(4)).toBe('present');
  });

  it('all or nothing: one row that is refused refuses all', async () => {
    const answer = await faculty().post(BULK, {
      session_id: s1,
      all_or_nothing: true,
      attendance_data: [
        { student_id: rollNumber(4), mark: 'absent', reason: 'not here' },
        { student_id: 'NOBODY', mark: 'absent' },
      ],
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'ROWS_REFUSED']);
    expect(await markOf(4)).toBe('present');
  });

  it('two markers at the same moment: both decisions are kept, the later one stands, tallies stay right', async () => {
    const mark = (value: string, who = faculty()) =>
      who.post(BULK, {
        session_id: s1,
        attendance_data: [{ student_id: rollNumber(4), mark: value, reason: `as ${value}` }],
      });
    const answers = await Promise.all([mark('late'), mark('excused', server.as('admin'))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const { knex } = server.db;
    const counts = await knex('attendance_record')
      .where({ session_id: s1 })
      .select('mark')
      .count('* as n')
      .groupBy('mark');
    const tally = await knex('session_tally').where({ session_id: s1 }).first();
    for (const row of counts)
      expect([row['mark'], tally[row['mark'] as string]]).toEqual([row['mark'], row['n']]);
  });

  it.each([
    ['marks that are none', { attendance_data: [{ student_id: 'x', mark: 'pending' }] }],
    ['letters that no class has', { attendance_data: [{ student_id: rollNumber(0), mark: 'here' }] }],
    ['a list that is none', { attendance_data: 'everybody' }],
    ['ten thousand rows', { attendance_data: Array(10_000).fill({ student_id: 'x', mark: 'absent' }) }],
    ['unknown fields', { attendance_data: [], force: true }],
    [
      'SQL in a roll number',
      { attendance_data: [{ student_id: "x'); DROP TABLE student; --", mark: 'absent' }] },
    ],
  ])('hostile: %s change nothing', async (what, body) => {
    const before = await server.db.knex('decision').count('* as n');
    const answer = await faculty().post(BULK, { session_id: s1, ...body });
    expect(answer.status).toBe(/^(SQL|letters)/.test(what) ? 200 : 400);
    expect(await server.db.knex('decision').count('* as n')).toEqual(before);
    expect(await server.db.knex('student').first('id')).toBeDefined();
  });

  it('A10.21, case 18: a locked class takes no mark', async () => {
    await server.db.knex('attendance_session').where({ id: s1 }).update({ status: 'locked' });
    const answers = [
      await faculty().post(BULK, { session_id: s1, mark_rest: 'present' }),
      await faculty().post(`${API}/records/`, {
        session_id: s1,
        student: rollNumber(0),
        mark: 'late',
        reason: 'late',
      }),
      await faculty().del(
        `${API}/records/${(await records())[rollNumber(2)].id}/`,
        {},
        { reason: 'a mistake' },
      ),
    ];
    for (const { status, body } of answers) expect([status, body.code]).toEqual([409, 'SESSION_LOCKED']);
  });
});

describe('two decisions within one millisecond', () => {
  it('case 30: of marks by hand within one millisecond the last one stands, each time', async () => {
    const { id } = await server.sessionOf('CS302');
    await server.post(`${API}/sessions/${id}/open/`);
    for (const mark of ['present', 'absent', 'late', 'present', 'late', 'absent', 'present', 'absent']) {
      const marked = await faculty().post(`${API}/records/`, {
        session_id: id,
        student: rollNumber(0),
        mark,
        reason: 'changed my mind',
      });
      expect(marked.body).toMatchObject({ mark });
    }
    const times = await server.db
      .knex('decision')
      .where({ reason: 'changed my mind' })
      .distinct<{ decided_at: Date }[]>('decided_at');
    expect(times).toHaveLength(1);
  });
});
