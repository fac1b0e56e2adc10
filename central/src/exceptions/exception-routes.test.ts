import { randomUUID } from 'node:crypto';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, API, type Body, type TestCaller, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { escalateWatermarksJob } from '../jobs/escalate-watermarks.js';
import { silentLog } from '../log.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';

const ITEMS = `${API}/exception-items/`;

let server: TestServer;
let weeks: TestWeeks;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').update({ department_id: 'cse' });
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
  await knex('faculty').insert({ code: 'F999', full_name: 'Dr Other' });
});
afterAll(() => server.stop());
beforeEach(() => weeks.next());

const faculty = () => server.as('faculty', { faculty: 'F001' });
const hod = () => server.as('hod', { department: 'cse' });
const coordinator = () => server.as('coordinator');

async function openItems(who: TestCaller, code: string, session: Body): Promise<Body[]> {
  return who.results(`${ITEMS}?code=${code}&open=true&session=${session.id}`);
}

const answer = (who: TestCaller, item: Body, decision: string, more: object = {}): Promise<Answer> =>
  who.post(`${ITEMS}${item.id}/resolve/`, { decision, reason: 'looked at both', ...more });

describe('a class that nobody touched', () => {
  it('case 15: gives its faculty member one item to confirm, and blocks nothing', async () => {
    await weeks.hold([0]);
    const session = await weeks.session();
    expect(session.status).toBe('finalized');
    const [item, ...others] = await openItems(faculty(), 'CONFIRM_CLASS', session);
    expect([item.decisions, others]).toEqual([['confirm', 'not_held'], []]);
    const confirmed = await answer(faculty(), item, 'confirm');
    expect(confirmed.body).toMatchObject({ decision: 'confirm', decision_reason: 'looked at both' });
    expect(confirmed.body.resolved_by).toContain('faculty');
    expect((await answer(faculty(), item, 'confirm')).body.code).toBe('ALREADY_DECIDED');
    expect((await weeks.session()).status).toBe('finalized');
    expect(await openItems(faculty(), 'CONFIRM_CLASS', session)).toEqual([]);
  });

  it('case 15: was not held, if they say so', async () => {
    await weeks.hold([0]);
    const [item] = await openItems(faculty(), 'CONFIRM_CLASS', await weeks.session());
    await answer(faculty(), item, 'not_held');
    expect((await weeks.session()).status).toBe('not_held');
    expect(await weeks.mark(1)).toBe('not_required');
    expect((await server.get(`${ITEMS}${item.id}/`)).body.decision).toBe('not_held');
  });

  it('case 15: asks nobody who marked, opened or closed it, nor about one that is cancelled', async () => {
    await weeks.advance('09:55');
    const session = await weeks.session();
    await faculty().post(`${API}/records/`, {
      session_id: session.id,
      student: rollNumber(0),
      mark: 'present',
      reason: 'came without a card',
    });
    await weeks.hold();
    expect(await openItems(server.as('admin'), 'CONFIRM_CLASS', session)).toEqual([]);
    const other = await weeks.session('CS302');
    expect(await openItems(faculty(), 'CONFIRM_CLASS', other)).toHaveLength(1);
    await hod().post(`${API}/sessions/${other.id}/cancel/`, { reason: 'bandh' });
    expect(await openItems(faculty(), 'CONFIRM_CLASS', other)).toEqual([]);
  });
});

describe('a person against the evidence', () => {
  async function conflict(): Promise<{ session: Body; item: Body }> {
    await weeks.hold([0]);
    const session = await weeks.session();
    await faculty().post(`${API}/records/`, {
      session_id: session.id,
      student: rollNumber(0),
      mark: 'absent',
      reason: 'left after roll',
    });
    expect(await weeks.mark(0)).toBe('absent');
    const [item] = await openItems(hod(), 'EVIDENCE_CONFLICT', session);
    return { session, item };
  }

  it('case 30: the head of the department keeps the mark, and is not asked again', async () => {
    const { session, item } = await conflict();
    expect((await answer(faculty(), item, 'keep_mark')).body.code).toBe('HIGHER_DECIDER_NEEDED');
    expect((await answer(hod(), item, 'keep_mark')).status).toBe(200);
    expect(await weeks.mark(0)).toBe('absent');
    await server.post(`${API}/sessions/${session.id}/recompute/`, { apply: true, reason: 'to be sure' });
    await server.judge();
    expect(await openItems(hod(), 'EVIDENCE_CONFLICT', session)).toEqual([]);
  });

  it('case 30: or lets the evidence stand', async () => {
    const { session, item } = await conflict();
    await answer(hod(), item, 'use_evidence');
    expect(await weeks.mark(0)).toBe('present');
    const audit = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'exception_item', entity_id: item.id })
      .first();
    expect(audit).toMatchObject({ action: 'resolve', actor_role: 'hod', reason: 'looked at both' });
    expect(audit.after).toMatchObject({ decision: 'use_evidence' });
    expect(await openItems(hod(), 'EVIDENCE_CONFLICT', session)).toEqual([]);
  });

  it('case 18: nothing about a locked class is answered with another mark', async () => {
    const { session, item } = await conflict();
    await server.post(`${API}/sessions/${session.id}/lock/`);
    expect((await answer(hod(), item, 'use_evidence')).body.code).toBe('SESSION_LOCKED');
    expect((await server.get(`${ITEMS}${item.id}/`)).body.resolved_at).toBeNull();
  });
});

describe('a student on two rosters at once', () => {
  it('case 53: coordinators see it, the student is not absent until they have answered', async () => {
    const { knex } = server.db;
    const { id } = await knex('student')
      .where({ roll_number: rollNumber(2) })
      .first('id');
    await knex('roster_membership').insert({
      student_id: id,
      section_id: 'ece-a',
      valid_during: `[${weeks.day},${weeks.date(1)})`,
    });
    const made = await server.post(`${API}/sessions/`, {
      course: 'CS302',
      sections: ['ece-a'],
      faculty: 'F999',
      rooms: ['r102'],
      date: weeks.day,
      start_time: '10:00',
      end_time: '10:50',
      origin: 'extra',
      reason: 'remedial',
    });
    expect(made.status).toBe(201);
    await weeks.hold([2]);
    const other = made.body;
    const [item] = await openItems(coordinator(), 'CLASH', other);
    expect(item.student.roll_number).toBe(rollNumber(2));
    const markThere = async () => {
      await server.judge();
      return (await server.results(`${API}/sessions/${other.id}/records/`))[0].mark;
    };
    expect(await markThere()).not.toBe('absent');
    expect(await openItems(server.as('hod', { department: 'ece' }), 'CLASH', other)).toHaveLength(1);
    expect((await answer(coordinator(), item, 'mark')).body.code).toBe('REQUEST_INVALID');
    expect((await answer(coordinator(), item, 'mark', { mark: 'excused' })).status).toBe(200);
    expect(await markThere()).toBe('excused');
  });
});

describe('a device that stays silent', () => {
  async function overdue(): Promise<Body> {
    await server.db.knex('attendance_biometric_device').update({ complete_through: null });
    await weeks.advance('09:55');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: weeks.instant('10:01') }]);
    await weeks.advance('11:50');
    weeks.goTo('12:00', 2);
    await escalateWatermarksJob.run({
      db: server.db,
      clock: { ...systemClock, wallMs: () => server.clock.wallMs() },
      log: silentLog,
    });
    const session = await weeks.session();
    expect(session.status).toBe('closed');
    const [item] = await openItems(hod(), 'WATERMARK_OVERDUE', session);
    expect(item.decisions).toEqual(['use_roll', 'not_held', 'statement']);
    return item;
  }

  it('case 84: the roll stands, and who is not on it is absent', async () => {
    const item = await overdue();
    expect((await answer(faculty(), item, 'use_roll')).body.code).toBe('HIGHER_DECIDER_NEEDED');
    await answer(hod(), item, 'use_roll');
    expect([await weeks.mark(0), await weeks.mark(1)]).toEqual(['present', 'absent']);
    expect(await weeks.session()).toMatchObject({ status: 'finalized', status_reason: 'FINALIZED_BY_HAND' });
  });

  it('case 84: the class was not held', async () => {
    const item = await overdue();
    await answer(hod(), item, 'not_held');
    expect((await weeks.session()).status).toBe('not_held');
    expect(await weeks.mark(1)).toBe('not_required');
  });

  it('case 84: students state that they were there', async () => {
    const item = await overdue();
    expect((await answer(hod(), item, 'statement')).status).toBe(400);
    const stranger = { marks: [{ student: 'NOBODY', mark: 'present' }] };
    expect((await answer(hod(), item, 'statement', stranger)).body.code).toBe('NOT_ON_ROSTER');
    expect((await weeks.session()).status).toBe('closed');
    const marks = [{ student: rollNumber(1), mark: 'present' }];
    expect((await answer(hod(), item, 'statement', { marks })).status).toBe(200);
    expect([await weeks.mark(0), await weeks.mark(1), await weeks.mark(2)]).toEqual([
      'present',
      'present',
      'absent',
    ]);
    expect((await weeks.session()).status).toBe('finalized');
  });
});

describe('evidence after the lock', () => {
  it('case 83: one tap proposes the correction, which waits for two people to unlock the class', async () => {
    await weeks.hold();
    const session = await weeks.session();
    await server.post(`${API}/sessions/${session.id}/lock/`);
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(1), at: weeks.instant('10:01') }]);
    expect(await weeks.mark(1)).toBe('absent');
    const [item] = await openItems(faculty(), 'LATE_AFTER_LOCK', session);
    expect(item.detail).toMatchObject({ mark: 'absent', would_be: 'present' });
    await answer(faculty(), item, 'propose_correction');
    const [request] = await server.results(`${API}/correction-requests/?session=${session.id}`);
    expect(request).toMatchObject({
      from_mark: 'absent',
      to_mark: 'present',
      status: 'pending',
      decider_level: 'hod',
    });
    const approve = () => hod().post(`${API}/correction-requests/${request.id}/approve/`);
    expect((await approve()).body.code).toBe('SESSION_LOCKED');
    await hod().post(`${API}/sessions/${session.id}/unlock/`, { reason: 'late evidence' });
    await server.as('principal').post(`${API}/sessions/${session.id}/unlock/`, { reason: 'late evidence' });
    await server.judge();
    // With the class open to changes the evidence speaks for itself.
    expect(await weeks.mark(1)).toBe('present');
    expect((await approve()).body.code).toBe('STALE');
  });

  it('case 83: an answer that the mark stays is not asked for again', async () => {
    await weeks.hold();
    const session = await weeks.session();
    await server.post(`${API}/sessions/${session.id}/lock/`);
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(1), at: weeks.instant('10:01') }]);
    await server.judge();
    const [item] = await openItems(hod(), 'LATE_AFTER_LOCK', session);
    await answer(hod(), item, 'keep_mark');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(1), at: weeks.instant('10:03') }]);
    await server.judge();
    expect(await openItems(hod(), 'LATE_AFTER_LOCK', session)).toEqual([]);
  });
});

describe('evidence after the lock for which no correction can be asked', () => {
  async function lockedClass(): Promise<Body> {
    await weeks.hold();
    const session = await weeks.session();
    await server.post(`${API}/sessions/${session.id}/lock/`);
    return session;
  }
  async function onlyKept(session: Body): Promise<Body> {
    await server.judge();
    const [item] = await openItems(faculty(), 'LATE_AFTER_LOCK', session);
    expect(item.decisions).toEqual(['keep_mark']);
    expect(item.message).not.toContain('propose a correction');
    expect(item.detail).not.toHaveProperty('propose_correction');
    const refused = await answer(faculty(), item, 'propose_correction');
    expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect((await answer(faculty(), item, 'keep_mark')).status).toBe(200);
    return item;
  }

  it('case 83: whoever turns out not to have been on the roster would need no mark, which nobody can ask for', async () => {
    const session = await lockedClass();
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(4) })
      .first('id');
    const rows = await knex('roster_membership').where({ student_id: student.id });
    await knex('roster_membership').where({ student_id: student.id }).delete();
    await knex('judgement_todo').insert({ session_id: session.id, student_id: student.id });
    const item = await onlyKept(session);
    expect(item.detail).toMatchObject({ mark: 'absent', would_be: 'not_required' });
    await knex('roster_membership').insert(rows.map(({ id: _id, ...row }) => row));
  });

  it('case 83: whoever joins afterwards has no mark that could be corrected', async () => {
    const session = await lockedClass();
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(4) })
      .first('id');
    const record = { session_id: session.id, student_id: student.id };
    await knex('attendance_record').where(record).delete();
    await knex('judgement_todo').insert(record);
    const item = await onlyKept(session);
    expect(item.detail).toMatchObject({ mark: null, would_be: 'absent' });
  });

  it('case 83: a mark of a phone that is the mark already changes nothing', async () => {
    const session = await lockedClass();
    const row = { client_uuid: randomUUID(), session_id: session.id, student_id: rollNumber(1) };
    const captured = { mark: 'absent', captured_at: weeks.instant('11:59').toISOString() };
    await faculty().post(`${API}/records/offline-sync/`, { records: [{ ...row, ...captured }] });
    expect(await openItems(faculty(), 'LATE_AFTER_LOCK', session)).toEqual([]);
  });
});

describe('rights over items', () => {
  it('case 157: each role sees and answers its own', async () => {
    await weeks.hold([0]);
    const session = await weeks.session();
    const [item] = await openItems(faculty(), 'CONFIRM_CLASS', session);
    await server.db.knex('exception_item').insert([
      { code: 'STORE_FULL', message: 'disk', gateway_id: 'gw-a' },
      {
        code: 'IMPOSSIBLE_TRAVEL',
        message: 'two places',
        session_id: session.id,
        detail: JSON.stringify({ mark: 'present', reason: 'ON_TIME', captures: [] }),
      },
      { code: 'DUPLICATE_BIOMETRIC', message: 'one finger, two students', session_id: session.id },
    ]);
    const codes = async (who: TestCaller): Promise<string[]> =>
      (await who.results(`${ITEMS}?open=true&limit=500`)).map(({ code }: Body) => code);
    const technician = await codes(server.as('lab_technician'));
    expect(new Set(technician)).toEqual(new Set(['STORE_FULL', 'IMPOSSIBLE_TRAVEL']));
    const [seen] = await server.as('lab_technician').results(`${ITEMS}?code=IMPOSSIBLE_TRAVEL&open=true`);
    expect(seen.detail).toEqual({ captures: [] });
    expect(await codes(server.as('security_officer'))).toContain('DUPLICATE_BIOMETRIC');
    expect(await codes(server.as('admin'))).not.toContain('DUPLICATE_BIOMETRIC');
    expect(await codes(faculty())).not.toContain('STORE_FULL');
    expect(await codes(server.as('faculty', { faculty: 'F999' }))).not.toContain('CONFIRM_CLASS');
    const resolve = `${ITEMS}${item.id}/resolve/`;
    const body = { decision: 'confirm', reason: 'not mine' };
    expect((await server.as('faculty', { faculty: 'F999' }).post(resolve, body)).status).toBe(404);
    expect((await server.as('auditor').post(resolve, body)).body.code).toBe('FORBIDDEN');
    // What is about marks they do not even see.
    for (const role of ['lab_technician', 'security_officer'] as const) {
      expect((await server.as(role).post(resolve, body)).body.code).toBe('NOT_FOUND');
    }
    const student = server.as('student', { student: rollNumber(0) });
    expect((await student.get(ITEMS)).body.code).toBe('FORBIDDEN');
  });

  it('case 117: a finger that is no living one is before the security officer, and not before those who teach', async () => {
    const message = 'line-r101 refused what was laid on it';
    const found = async (who: TestCaller) => who.results(`${ITEMS}?code=FINGER_NOT_LIVE&open=true`);
    await server.db.knex('exception_item').insert({ code: 'FINGER_NOT_LIVE', message, gateway_id: 'gw-a' });
    const officer = server.as('security_officer');
    const [item] = await found(officer);
    expect(item).toMatchObject({ message, student: null, decisions: ['acknowledge'] });
    expect([await found(faculty()), await found(hod())]).toEqual([[], []]);
    expect((await answer(officer, item, 'acknowledge')).body).toMatchObject({ decision: 'acknowledge' });
    expect(await found(officer)).toEqual([]);
  });

  it('A6, case 157: who looks after devices, cards and fingers answers what is about them, and no marks', async () => {
    await weeks.hold([0]);
    const session = await weeks.session();
    const made: { id: string; code: string }[] = await server.db
      .knex('exception_item')
      .insert([
        { code: 'DISK_LOW', message: 'disk', gateway_id: 'gw-a' },
        { code: 'CREDENTIAL_BLOCKED', message: 'a lost card', session_id: session.id },
        { code: 'DUPLICATE_BIOMETRIC', message: 'one finger', session_id: session.id },
        { code: 'CARDS_TOGETHER', message: 'a pattern', session_id: session.id },
      ])
      .returning(['id', 'code']);
    const technician = server.as('lab_technician');
    const officer = server.as('security_officer');
    const resolve = async (who: TestCaller, code: string) =>
      answer(who, made.find((one) => one.code === code) as Body, 'acknowledge');
    expect((await resolve(technician, 'DISK_LOW')).body).toMatchObject({ decision: 'acknowledge' });
    expect((await resolve(technician, 'CREDENTIAL_BLOCKED')).body.resolved_by).toContain('lab_technician');
    expect((await resolve(officer, 'CREDENTIAL_BLOCKED')).body.code).toBe('ALREADY_DECIDED');
    expect((await resolve(technician, 'DUPLICATE_BIOMETRIC')).body.code).toBe('NOT_FOUND');
    expect((await resolve(officer, 'DUPLICATE_BIOMETRIC')).status).toBe(200);
    for (const who of [technician, officer]) {
      expect((await resolve(who, 'CARDS_TOGETHER')).body.code).toBe('NOT_FOUND');
    }
    const [audited] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'exception_item', actor_role: 'lab_technician', session_id: session.id });
    expect(audited).toMatchObject({ action: 'resolve', reason: 'looked at both' });
  });

  it('takes the answers of its kind only, and only with a reason', async () => {
    await weeks.hold([0]);
    const [item] = await openItems(faculty(), 'CONFIRM_CLASS', await weeks.session());
    expect((await answer(faculty(), item, 'use_roll')).body.detail).toContain('confirm or not_held');
    expect((await answer(faculty(), item, 'confirm', { reason: '' })).status).toBe(400);
    for (const id of ['0', '999999999999999', "1'--", '-1', '1e3']) {
      expect([400, 404]).toContain(
        (await server.post(`${ITEMS}${encodeURIComponent(id)}/resolve/`, {})).status,
      );
    }
  });

  it('of two who answer at the same moment the second hears ALREADY_DECIDED', async () => {
    await weeks.hold([0]);
    const [item] = await openItems(faculty(), 'CONFIRM_CLASS', await weeks.session());
    const answers = await Promise.all([answer(faculty(), item, 'confirm'), answer(hod(), item, 'confirm')]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  it('lists by cursor', async () => {
    await weeks.hold([0]);
    const first = (await server.get(`${ITEMS}?limit=2`)).body;
    const second = (await server.get(`${ITEMS}?limit=2&cursor=${first.next}`)).body;
    const ids = [...first.results, ...second.results].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
  });
});
