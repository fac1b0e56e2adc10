import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { ROUTES } from '../http/routes.js';
import { isWrite, nameOf, sampleRequest, storedState } from '../http/test-requests.js';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { rollNumber } from '../seed/test-campus.js';
import { isAllowed, type SessionAction, TRANSITIONS } from './state.js';

const SESSION = `${API}/sessions/{id}/`;
const reason = { reason: 'for the test' };

let server: TestServer;
let weeks: TestWeeks;
let id: string;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await weeks.next();
  await weeks.hold([0, 1]);
  id = (await weeks.session()).id;
});

const toStatus = (status: string, sessionId = id): Promise<unknown> =>
  server.db.knex('attendance_session').where({ id: sessionId }).update({ status });
const rowOf = (sessionId = id): Promise<Body> =>
  server.db.knex('attendance_session').where({ id: sessionId }).first();
const refusals = (): Promise<Body[]> =>
  server.db.knex('attendance_audit_log').where({ action: 'refused', reason: 'SESSION_LOCKED' }).orderBy('id');
const recordOf = async (index: number): Promise<string> => (await weeks.record(index)).id;

describe('case 18: a locked class', () => {
  /** The only way out (case 19). */
  const WAYS_OUT = ['unlock'];
  const BODIES: Record<string, () => object> = {
    'bulk-mark': () => ({ session_id: id, mark_rest: 'present', reason: 'all were there' }),
    recompute: () => ({ apply: true }),
    'online-presence': () => ({
      tool: 'bigbluebutton',
      stays: [
        {
          student_id: rollNumber(1),
          joined_at: weeks.instant('10:00').toISOString(),
          left_at: weeks.instant('10:40').toISOString(),
        },
      ],
    }),
  };

  beforeEach(() => toStatus('locked'));

  it('refuses every write on every route of a class session, changes nothing, and each leaves its audit row', async () => {
    const routes = ROUTES.filter(
      ({ contract }) =>
        isWrite(contract) && contract.path.startsWith(SESSION) && !WAYS_OUT.includes(lastPart(contract.path)),
    );
    expect(routes.length).toBeGreaterThan(18);
    const admin = await server.authorization('admin');
    const representative = await server.authorization('class_representative', { section: 'cse-a' });
    const before = await storedState(server.db.knex);
    const known = (await refusals()).length;
    for (const route of routes) {
      const { method, path, body } = sampleRequest(route, { sessions: id });
      const headers = lastPart(route.contract.path) === 'confirm-not-held' ? representative : admin;
      const given = { ...body, ...BODIES[lastPart(route.contract.path)]?.() };
      // What the sample makes up of a version or of other fields of the class is no part of this.
      for (const name of ['version', 'timetable_slot', 'academic_period', 'makeup', 'scheduled_date'])
        delete given[name];
      const answer = await server.send(method, path, given, headers);
      expect([nameOf(route), answer.status, answer.body.code]).toEqual([
        nameOf(route),
        409,
        'SESSION_LOCKED',
      ]);
    }
    expect(await storedState(server.db.knex)).toEqual(before);
    expect((await refusals()).length - known).toBe(routes.length);
  });

  it('refuses marks by every other way, too: one by one, in bulk, corrected, by a guest, a code or a file', async () => {
    const record = await recordOf(1);
    const other = (await weeks.session('CS302')).id;
    await server.db.knex('attendance_session').where({ id: other }).update({ course_code: 'CS301' });
    const student = server.as('student', { student: rollNumber(2) });
    await student.get(`${API}/campus/`);
    const before = await storedState(server.db.knex);
    const known = (await refusals()).length;
    const mark = { mark: 'present', ...reason };
    const answers = [
      await server.post(`${API}/records/`, { session_id: id, student: rollNumber(2), ...mark }),
      await server.patch(`${API}/records/${record}/`, mark),
      await server.as('admin').del(`${API}/records/${record}/`, {}, reason),
      await server.post(`${API}/records/bulk-mark/`, BODIES['bulk-mark']?.()),
      await student.post(`${API}/correction-requests/`, {
        session_id: id,
        from_mark: 'absent',
        to_mark: 'present',
        reason: 'I was there',
      }),
      await server.post(`${API}/sessions/${other}/guests/`, {
        student: rollNumber(2),
        counts_for_session_id: id,
        ...reason,
      }),
    ];
    for (const [index, { status, body }] of answers.entries())
      expect([index, status, body.code]).toEqual([index, 409, 'SESSION_LOCKED']);
    expect(await storedState(server.db.knex)).toEqual(before);
    expect((await refusals()).length - known).toBe(answers.length);
    await server.db.knex('attendance_session').where({ id: other }).update({ course_code: 'CS302' });
  });

  it('of a phone that was offline and of a file each row is refused by itself, with one audit row for the class', async () => {
    const records = await server.db.knex('attendance_record').where({ session_id: id }).orderBy('id');
    const known = (await refusals()).length;
    const offline = await server.post(`${API}/records/offline-sync/`, {
      records: [1, 2].map((index) => ({
        client_uuid: `00000000-0000-4000-8000-00000000000${index}`,
        session_id: id,
        student_id: rollNumber(index),
        mark: 'present',
        captured_at: weeks.instant('10:20').toISOString(),
      })),
    });
    expect(offline.body.results).toMatchObject([
      { outcome: 'refused', code: 'SESSION_LOCKED' },
      { outcome: 'refused', code: 'SESSION_LOCKED' },
    ]);
    const csv = `session_id,roll_number,mark\n${id},${rollNumber(2)},P\n${id},${rollNumber(3)},P\n`;
    const looked = await server.post(`${API}/records/import/`, { csv });
    expect(looked.body.problems).toHaveLength(2);
    const applied = await server.post(`${API}/records/import/`, { csv, apply: true });
    expect(applied.body).toMatchObject({ accepted: 0, problems: [{ code: 'SESSION_LOCKED' }, {}] });
    const rows = (await refusals()).slice(known);
    expect(rows.map(({ entity_id: what, session_id: of }) => [what, of])).toEqual([
      [`POST ${API}/records/offline-sync/`, id],
      [`POST ${API}/records/import/`, id],
    ]);
    expect(await server.db.knex('attendance_record').where({ session_id: id }).orderBy('id')).toEqual(
      records,
    );
  });
});

describe('case 22: every transition that the table does not have', () => {
  const WAYS: Record<SessionAction, [path: string, body: object]> = {
    open: ['open', {}],
    close: ['close', {}],
    reopen: ['reopen', reason],
    finalize: ['finalize', { decision: 'use_roll', ...reason }],
    lock: ['lock', {}],
    unlock: ['unlock', reason],
    cancel: ['cancel', reason],
    restore: ['restore', reason],
    not_held: ['not-held', reason],
  };
  const STATUSES = ['scheduled', 'open', 'closed', 'finalized', 'locked', 'cancelled', 'not_held'] as const;

  it.each(STATUSES)('from %s is 409 over HTTP, names both states, and changes nothing', async (status) => {
    await toStatus(status);
    const before = await rowOf();
    for (const [action, { to }] of Object.entries(TRANSITIONS) as [SessionAction, { to: string }][]) {
      if (isAllowed(action, status)) continue;
      const [way, body] = WAYS[action];
      const answer = await server.post(`${API}/sessions/${id}/${way}/`, body);
      const isLocked = status === 'locked';
      const code = isLocked ? 'SESSION_LOCKED' : 'INVALID_TRANSITION';
      expect([action, answer.status, answer.body.code]).toEqual([action, 409, code]);
      if (!isLocked) expect(answer.body.detail).toMatch(new RegExp(`${status}.*${to}`));
      expect(await rowOf(), action).toEqual(before);
    }
  });
});

describe('whoever holds a class', () => {
  it('waits for nobody whose marks only refer to it: imports, phones, corrections and makeups neither', async () => {
    const student = server.as('student', { student: rollNumber(2) });
    const asked = await student.post(`${API}/correction-requests/`, {
      session_id: id,
      from_mark: 'absent',
      to_mark: 'present',
      reason: 'I was there',
    });
    const missed = (await weeks.session('CS302')).id;
    await toStatus('not_held', missed);
    await server.db.knex.transaction(async (judging: Knex) => {
      await judging.raw('SELECT FROM attendance_session WHERE id = ANY(?::uuid[]) FOR KEY SHARE', [
        [id, missed] as never,
      ]);
      const csv = `session_id,roll_number,mark,reason\n${id},${rollNumber(3)},P,seen\n`;
      const imported = await server.post(`${API}/records/import/`, { csv, apply: true });
      expect(imported.body.accepted).toBe(1);
      const offline = await server.post(`${API}/records/offline-sync/`, {
        records: [
          {
            client_uuid: '00000000-0000-4000-8000-000000000017',
            session_id: id,
            student_id: rollNumber(4),
            mark: 'present',
            captured_at: weeks.instant('11:59').toISOString(),
          },
        ],
      });
      expect(offline.body.results).toMatchObject([{ outcome: 'applied' }]);
      const decided = await server.post(`${API}/correction-requests/${asked.body.id}/approve/`, {
        decision_note: 'seen there',
      });
      expect(decided.status).toBe(200);
      const makeup = await server.post(`${API}/sessions/`, {
        course: 'CS302',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['r101'],
        date: weeks.date(1),
        start_time: '15:00',
        end_time: '15:50',
        origin: 'makeup',
        replaces_session_id: missed,
      });
      expect(makeup.status).toBe(201);
    });
  });
});

const lastPart = (path: string): string => path.split('/').at(-2) ?? '';
