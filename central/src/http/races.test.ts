import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.js';
import { generateSessionsJob } from '../jobs/generate-sessions.js';
import { silentLog } from '../log.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { AUTH } from './contracts/auth.js';
import { createHttpServer, type HttpServer } from './server.js';
import { API, at, type Body, TestServer } from './test-server.js';

/** Two replicas over one database: whatever can happen at once happens at once. */
let server: TestServer;
let replica: HttpServer;
beforeAll(async () => {
  server = await TestServer.start();
  replica = await createHttpServer(server.options);
});
afterAll(async () => {
  await replica?.stop();
  await server?.stop();
});

interface Outcome {
  status: number;
  body: Body;
}

interface Attempt {
  path: string;
  body?: object;
  method?: string;
  headers: Record<string, string>;
}

/** Sends all at once, in turn to the one and the other replica. */
function together(attempts: readonly Attempt[]): Promise<Outcome[]> {
  return Promise.all(
    attempts.map(async ({ path, body = {}, method = 'POST', headers }, index) => {
      const port = index % 2 === 0 ? server.port : replica.port;
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Body };
    }),
  );
}
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const statuses = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ status }) => status).sort();
const codes = (outcomes: readonly Outcome[]): string[] => outcomes.flatMap(({ body }) => body.code ?? []);
const audits = async (where: object): Promise<Body[]> =>
  server.db.knex('attendance_audit_log').where(where).orderBy('id');

let day = 0;
/** Each test has its own Tuesday: copies of the reference class S1 of that date. */
async function makeSession(status = 'scheduled'): Promise<string> {
  day += 1;
  const { rows } = await server.db.knex.raw(
    `INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id,
       scheduled_date, start_at, end_at, policy, reach_from, reach_until)
     SELECT timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date + 7 * ?,
       start_at + ? * interval '7 days', end_at + ? * interval '7 days', policy, reach_from + ? * interval '7 days',
       reach_until + ? * interval '7 days'
     FROM attendance_session WHERE scheduled_date = '2026-07-07' AND timetable_slot_id = 'cse-a-tue-1000' RETURNING id`,
    [day, day, day, day, day],
  );
  const { id } = rows[0];
  server.clock.stepWall(at('10:10').getTime() + day * 7 * 86_400_000 - server.clock.wallMs());
  if (status !== 'scheduled') {
    const opened = await server.post(`${API}/sessions/${id}/open/`);
    expect(opened.body.status).toBe('open');
    await server.judge();
  }
  return id;
}

beforeEach(() => server.clock.stepWall(at('10:10').getTime() - server.clock.wallMs()));

describe('at the same moment', () => {
  it('two openers: one opens, the others are told so, one audit row', async () => {
    const id = await makeSession();
    const headers = await server.authorization('faculty', { faculty: 'F001' });
    const outcomes = await together(times(8, () => ({ path: `${API}/sessions/${id}/open/`, headers })));
    expect(statuses(outcomes)).toEqual([200, ...times(7, () => 409)]);
    expect(new Set(codes(outcomes))).toEqual(new Set(['INVALID_TRANSITION']));
    expect(await audits({ entity_id: id, action: 'open' })).toHaveLength(1);
    const snapshot = await server.db.knex('attendance_student_snapshot').where({ session_id: id });
    expect(snapshot).toHaveLength(5);
  });

  it('one who opens, one who cancels, one who moves the room, all having seen the same version: one wins', async () => {
    const id = await makeSession();
    const headers = { ...(await server.authorization('admin')), 'if-match': '"1"' };
    const outcomes = await together([
      { path: `${API}/sessions/${id}/open/`, headers },
      { path: `${API}/sessions/${id}/cancel/`, body: { reason: 'strike' }, headers },
      { path: `${API}/sessions/${id}/room-change/`, body: { room: 'r102' }, headers },
      { path: `${API}/sessions/${id}/not-held/`, body: { reason: 'power cut' }, headers },
    ]);
    expect(statuses(outcomes)).toEqual([200, 409, 409, 409]);
    expect(codes(outcomes).every((code) => ['STALE', 'INVALID_TRANSITION'].includes(code))).toBe(true);
    const changes = (await audits({ entity_id: id })).filter(({ action }) => action !== 'refused');
    expect(changes).toHaveLength(1);
  });

  it('cases 2, 163: several schedulers make and open each class once', async () => {
    const { knex } = server.db;
    server.clock.stepWall(Date.parse('2026-11-03T06:00:00+05:30') - server.clock.wallMs());
    const context = { db: server.db, clock: server.clock, log: silentLog };
    await Promise.all(times(4, () => generateSessionsJob.run(context)));
    const made = await knex('attendance_session').where({ scheduled_date: '2026-11-03' }).pluck('id');
    expect(made).toHaveLength(2);
    server.clock.stepWall(Date.parse('2026-11-03T09:55:00+05:30') - server.clock.wallMs());
    const done = await Promise.all(times(5, () => advanceSessions(knex, server.clock.wallMs())));
    const [first] = await knex('attendance_session')
      .where({ scheduled_date: '2026-11-03', timetable_slot_id: 'cse-a-tue-1000' })
      .select('id', 'status', 'version');
    expect([first.status, first.version]).toEqual(['open', 2]);
    expect(await audits({ entity_id: first.id, action: 'auto_open' })).toHaveLength(1);
    expect(done.reduce((sum, { opened }) => sum + opened, 0)).toBeGreaterThan(0);
  });

  it('two markers of one student: every decision is kept, the mark is one of them, the tally counts one', async () => {
    const id = await makeSession('open');
    const marks = ['present', 'absent', 'late', 'excused'];
    const headers = await server.authorization('faculty', { faculty: 'F001' });
    const outcomes = await together(
      times(8, (index) => ({
        path: `${API}/records/`,
        body: { session_id: id, student: rollNumber(0), mark: marks[index % 4], reason: `marker ${index}` },
        headers,
      })),
    );
    expect(statuses(outcomes)).toEqual(times(8, () => 201));
    const { knex } = server.db;
    expect(await knex('decision').where({ session_id: id })).toHaveLength(8);
    const records = await knex('attendance_record as r')
      .join('student as st', 'st.id', 'r.student_id')
      .where({ session_id: id, roll_number: rollNumber(0) })
      .select('r.*');
    expect(records).toHaveLength(1);
    expect(marks).toContain(records[0].mark);
    const changes = await audits({ entity_type: 'attendance_record', entity_id: records[0].id });
    const moves = changes.filter(
      ({ before, after }) => before?.mark !== after?.mark && after?.mark !== undefined,
    );
    for (const [index, { before }] of moves.slice(1).entries())
      expect(before.mark).toBe(moves[index].after.mark);
    expect(moves.at(-1).after.mark).toBe(records[0].mark);
    await expectTallies(id);
  });

  it('a bulk mark beside punches, a judge and another bulk mark: no deadlock, no lost row, true tallies', async () => {
    const id = await makeSession('open');
    const headers = await server.authorization('faculty', { faculty: 'F001' });
    const now = new Date(server.clock.wallMs());
    const bulk = (mark: string, order: number) => ({
      path: `${API}/records/bulk-mark/`,
      body: {
        session_id: id,
        attendance_data: times(5, (index) => ({
          student_id: rollNumber(order > 0 ? index : 4 - index),
          mark,
          reason: 'roll call',
        })),
      },
      headers,
    });
    const [outcomes] = await Promise.all([
      together([bulk('present', 1), bulk('absent', -1), bulk('late', 1), bulk('present', -1)]),
      storePunches(
        server.db.knex,
        times(5, (index) => ({ rollNumber: rollNumber(index), at: now })),
      ),
      server.judge(),
      server.judge(),
    ]);
    expect(statuses(outcomes)).toEqual([200, 200, 200, 200]);
    await server.judge();
    await expectTallies(id);
  });

  it('case 129: two deciders of an unlock: it is unlocked once, by two people', async () => {
    const id = await makeSession('open');
    await server.db.knex('attendance_session').where({ id }).update({ status: 'locked' });
    const unlock = async (role: 'principal' | 'dean' | 'admin') => ({
      path: `${API}/sessions/${id}/unlock/`,
      body: { reason: 'wrong register' },
      headers: await server.authorization(role),
    });
    const asked = await together([await unlock('principal'), await unlock('principal')]);
    expect(statuses(asked)).toEqual([200, 409]);
    expect(codes(asked)).toEqual(['SECOND_PERSON_NEEDED']);
    const confirmed = await together([await unlock('dean'), await unlock('admin'), await unlock('dean')]);
    expect(statuses(confirmed)).toEqual([200, 409, 409]);
    const [change] = await server.db.knex('session_change').where({ session_id: id, kind: 'unlock' });
    expect(change.confirmed_by).not.toBe(change.requested_by);
    expect(await audits({ entity_id: id, action: 'unlock' })).toHaveLength(1);
  });

  it('case 18: a lock beside marks: a mark is made before it or refused after it, never in between', async () => {
    const id = await makeSession('open');
    await server.db.knex('attendance_session').where({ id }).update({ status: 'finalized' });
    const headers = await server.authorization('admin');
    const mark = (index: number) => ({
      path: `${API}/records/`,
      body: { session_id: id, student: rollNumber(index % 5), mark: 'present', reason: 'was here' },
      headers,
    });
    const outcomes = await together([
      mark(0),
      mark(1),
      { path: `${API}/sessions/${id}/lock/`, headers },
      ...times(5, (index) => mark(index + 2)),
    ]);
    expect(outcomes[2]?.body.status).toBe('locked');
    const marked = outcomes.filter(({ status }) => status === 201).length;
    expect(new Set(codes(outcomes)).size).toBeLessThanOrEqual(1);
    expect(await server.db.knex('decision').where({ session_id: id })).toHaveLength(marked);
    const refused = await audits({ action: 'refused', reason: 'SESSION_LOCKED' });
    expect(refused.length).toBeGreaterThanOrEqual(7 - marked);
  });

  it('two students with one phone: one is recorded, the other refused (case 104)', async () => {
    const id = await makeSession('open');
    const { body: code } = await server.post(`${API}/sessions/${id}/generate-qr/`);
    const scans = await Promise.all(
      times(5, async (index) => ({
        path: `${API}/records/qr-scan/`,
        body: { qr_token: code.qr_token, device_id: 'one-phone-for-all' },
        headers: await server.authorization('student', { student: rollNumber(index) }),
      })),
    );
    const outcomes = await together(scans);
    expect(statuses(outcomes)).toEqual([200, 409, 409, 409, 409]);
    expect(new Set(codes(outcomes))).toEqual(new Set(['DEVICE_ALREADY_USED']));
  });

  it('a refresh token used by a thief and its owner: the sign-in ends for both', async () => {
    const password = 'a long and quiet evening';
    const [account] = await server.db
      .knex('account')
      .insert({ login: 'replayed', display_name: 'R', password_hash: await hashPassword(password) })
      .returning('id');
    const signedIn = await server.post(`${AUTH}/login/`, { login: 'replayed', password, cookies: false });
    const { refresh_token: stolen } = signedIn.body;
    const owner = await server.post(`${AUTH}/refresh/`, { refresh_token: stolen });
    server.clock.stepWall(11_000);
    const thief = await server.post(`${AUTH}/refresh/`, { refresh_token: stolen });
    expect([thief.status, thief.body.code]).toEqual([401, 'TOKEN_INVALID']);
    const again = await server.post(`${AUTH}/refresh/`, { refresh_token: owner.body.refresh_token });
    expect([again.status, again.body.code]).toEqual([401, 'TOKEN_INVALID']);
    const session = await server.db.knex('login_session').where({ account_id: account.id }).first();
    expect(session.revoked_at).not.toBeNull();
    expect(await audits({ entity_id: account.id, action: 'refresh_token_replayed' })).toHaveLength(1);
  });
});

async function expectTallies(sessionId: string): Promise<void> {
  const { knex } = server.db;
  const { session_id: _, ...tally } = await knex('session_tally').where({ session_id: sessionId }).first();
  const counted: Record<string, number> = { present: 0, late: 0, absent: 0, excused: 0, pending: 0 };
  for (const mark of await knex('attendance_record').where({ session_id: sessionId }).pluck('mark')) {
    if (mark in counted) counted[mark] = (counted[mark] ?? 0) + 1;
  }
  expect(tally).toEqual(counted);
}
