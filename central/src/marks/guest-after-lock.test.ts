import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { API } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import type { SessionAction } from '../sessions/state.js';
import { SYSTEM, transition } from '../sessions/transition.js';
import { HttpCampus } from './http-campus.js';

let campus: HttpCampus;
let studentId: string;

beforeAll(async () => {
  campus = await HttpCampus.open();
  const { knex } = campus.server.db;
  for (const id of ['b1', 'b2'])
    await knex('section').insert({ id, name: id, kind: 'batch', parent_id: 'cse-a' });
  ({ id: studentId } = await knex('student')
    .where({ roll_number: rollNumber(0) })
    .first('id'));
});
afterAll(() => campus?.close());
beforeEach(async () => {
  await campus.nextDay();
  await campus.server.db.knex('roster_membership').whereIn('section_id', ['b1', 'b2']).delete();
});

async function join(section: string): Promise<void> {
  const joined = { section, student: studentId, valid_from: campus.date() };
  expect((await campus.server.post(`${API}/roster-memberships/`, joined)).status).toBe(201);
}

const letIn = (visited: string, own: string) =>
  campus.faculty.post(`${API}/sessions/${visited}/guests/`, {
    student: rollNumber(0),
    counts_for_session_id: own,
    reason: 'missed the own batch',
  });

/** As jobs and people do, in one transaction. */
async function change(action: SessionAction, ...ids: string[]): Promise<void> {
  const { db, clock } = campus.server;
  const where = `s.id IN (${ids.map(() => '?').join(', ')})`;
  const done = await db.knex.transaction((trx) =>
    transition(trx, { action, where, bindings: ids, nowMs: clock.wallMs(), actor: SYSTEM }),
  );
  expect(done).toHaveLength(ids.length);
}

/** `present ON_TIME`, class by class. */
async function marks(...ids: string[]): Promise<(string | undefined)[]> {
  await campus.server.judge();
  const records = await Promise.all(ids.map((id) => campus.record(id)));
  return records.map((record) => record && `${record.mark} ${record.reason}`);
}

/** Lab of the own batch, and that of the other one where the student was let in and captured. */
async function visit(): Promise<[own: string, visited: string]> {
  await join('b1');
  const own = await campus.hold({ section: 'b1', sessionType: 'LAB' });
  const visited = await campus.hold({ section: 'b2', sessionType: 'LAB', start: '14:00', end: '14:50' });
  expect((await letIn(visited, own)).status).toBe(200);
  await campus.tap('14:01');
  await campus.finish();
  return [own, visited];
}

it('cases 18 and 60: a presence that a locked class counts is not counted by the class that was visited', async () => {
  const both = await visit();
  const [own, visited] = both;
  await change('lock', own, visited);
  await join('b2');
  expect(await marks(...both)).toEqual(['present GUEST', undefined]);
  await change('unlock', visited);
  expect(await marks(...both)).toEqual(['present GUEST', 'not_required COUNTED_ELSEWHERE']);
  // Nothing came too late, so nobody is told that it did.
  const told = await campus.server.db.knex('exception_item').where({ code: 'LATE_AFTER_LOCK' });
  expect(told).toEqual([]);
  // Locked without it, the visited class leaves it where it is, even when the other one is unlocked.
  await change('finalize', visited);
  await change('lock', visited);
  await change('unlock', own);
  expect(await marks(...both)).toEqual(['present GUEST', 'not_required COUNTED_ELSEWHERE']);
  // Both may change again: it is the class of their own that counts.
  await change('unlock', visited);
  expect(await marks(...both)).toEqual(['pending NO_CAPTURE_YET', 'present ON_TIME']);
});

it('cases 18 and 60: who joins the visited class while only the own one is locked is marked once, and again when it is unlocked', async () => {
  const both = await visit();
  const [own] = both;
  await change('lock', own);
  await join('b2');
  expect(await marks(...both)).toEqual(['present GUEST', 'not_required COUNTED_ELSEWHERE']);
  await change('unlock', own);
  expect(await marks(...both)).toEqual(['pending NO_CAPTURE_YET', 'present ON_TIME']);
  // A lock after that changes nothing: the own class does not count the visit any more.
  await change('finalize', own);
  expect(await marks(...both)).toEqual(['absent NO_CAPTURE', 'present ON_TIME']);
  await change('lock', own);
  expect(await marks(...both)).toEqual(['absent NO_CAPTURE', 'present ON_TIME']);
});

it('cases 18 and 60: of two visits a locked class counts one, and the class of the other one counts its own', async () => {
  await join('b1');
  const lab = (start: string, end: string, section: string) =>
    campus.hold({ section, sessionType: 'LAB', start, end });
  const own = await lab('09:00', '09:50', 'b1');
  const [early, late] = [await lab('14:00', '14:50', 'b2'), await lab('16:00', '16:50', 'b2')];
  for (const visited of [early, late]) expect((await letIn(visited, own)).status).toBe(200);
  for (const time of ['14:01', '16:01']) await campus.tap(time);
  await campus.finish();
  await change('lock', own);
  await join('b2');
  expect(await marks(own)).toEqual(['present GUEST']);
  const { marked_at: countedAt } = await campus.record(own);
  const isEarly = countedAt === campus.at('14:01').toISOString();
  const [counted, other] = isEarly ? [early, late] : [late, early];
  expect(await marks(counted, other)).toEqual(['not_required COUNTED_ELSEWHERE', 'present ON_TIME']);
  // What the locked class does not count may count for another one.
  await campus.server.db.knex('roster_membership').where({ section_id: 'b2' }).delete();
  const next = await lab('11:00', '11:50', 'b1');
  expect(await letIn(counted, next)).toMatchObject({ status: 409, body: { code: 'SESSION_LOCKED' } });
  expect((await letIn(other, next)).status).toBe(200);
});

it('cases 18 and 60: a person who decides about the visited class is heard all the same', async () => {
  const both = await visit();
  const [own, visited] = both;
  await change('lock', own);
  await join('b2');
  await campus.server.judge();
  const byHand = { session_id: visited, student: rollNumber(0), mark: 'present', reason: 'was in both' };
  expect((await campus.faculty.post(`${API}/records/`, byHand)).status).toBe(201);
  expect(await marks(...both)).toEqual(['present GUEST', 'present DECIDED_BY_HUMAN']);
});

it('cases 18 and 60: a visit that a locked class counts cannot be made to count for another one', async () => {
  const [own, visited] = await visit();
  const later = await campus.hold({ section: 'b1', sessionType: 'LAB', start: '16:00', end: '16:50' });
  await change('lock', own);
  const moved = await letIn(visited, later);
  expect(moved).toMatchObject({ status: 409, body: { code: 'SESSION_LOCKED' } });
  await change('unlock', own);
  expect((await letIn(visited, later)).status).toBe(200);
});

it('cases 18 and 60: a locked mark from before marks named their visit may count any visit', async () => {
  const both = await visit();
  const [own, visited] = both;
  await change('lock', own);
  const { knex } = campus.server.db;
  await knex('attendance_record')
    .where({ session_id: own, student_id: studentId })
    .update({ derivation: knex.raw("derivation - 'visited_session_id'") });
  await join('b2');
  expect(await marks(...both)).toEqual(['present GUEST', 'not_required COUNTED_ELSEWHERE']);
  const later = await campus.hold({ section: 'b1', sessionType: 'LAB', start: '16:00', end: '16:50' });
  expect((await letIn(visited, later)).body.code).toBe('SESSION_LOCKED');
});

it('case 60: whoever is let in twice at once leaves no mark behind where they were let in for first', async () => {
  const { knex } = campus.server.db;
  await join('b1');
  const hold = (start: string, end: string, section = 'b1') =>
    campus.hold({ section, sessionType: 'LAB', start, end });
  const [first, second] = [await hold('09:00', '09:50'), await hold('11:00', '11:50')];
  const visited = await hold('14:00', '14:50', 'b2');
  await campus.server.judge();
  const other = await knex.transaction();
  await other('attendance_session').where({ id: visited }).forNoKeyUpdate().first('id');
  const later = letIn(visited, second);
  await vi.waitFor(async () => {
    const { rows } = await knex.raw<{ rows: object[] }>(
      `SELECT FROM pg_locks WHERE NOT granted
         AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`,
    );
    expect(rows.length).toBeGreaterThan(0);
  });
  await other('session_guest').insert({
    session_id: visited,
    student_id: studentId,
    counts_for_session_id: first,
    allowed_at: campus.at('08:00'),
  });
  await other.commit();
  expect((await later).status).toBe(200);
  const queued = await knex('judgement_todo').where({ student_id: studentId }).pluck('session_id');
  expect(queued).toEqual(expect.arrayContaining([first, second, visited]));
});
