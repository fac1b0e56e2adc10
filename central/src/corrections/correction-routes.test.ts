import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT_CHANNEL } from '../auth/accounts.js';
import { type Answer, API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { rollNumber } from '../seed/test-campus.js';

const REQUESTS = `${API}/correction-requests/`;
const PDF = { name: 'note.pdf', content_base64: Buffer.from('%PDF-1.7 was there').toString('base64') };

let server: TestServer;
let weeks: TestWeeks;
let session: string;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('programme').insert(['btech', 'mtech'].map((id) => ({ id, department_id: 'cse', name: id })));
  await knex('section').update({ department_id: 'cse', programme_id: 'btech' });
  await knex('faculty').insert({ code: 'F999', full_name: 'Dr Other' });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.db.knex('attendance_configuration').update({ is_active: false });
  await weeks.next();
  await weeks.hold([0]);
  session = (await weeks.session()).id;
});

const student = (index: number) => server.as('student', { student: rollNumber(index) });
const faculty = () => server.as('faculty', { faculty: 'F001' });
const hod = () => server.as('hod', { department: 'cse' });
const path = ({ id }: Body, action = '') => `${REQUESTS}${id}/${action === '' ? '' : `${action}/`}`;

const ask = (index: number, body: object = {}): Promise<Answer> =>
  student(index).post(REQUESTS, {
    session_id: session,
    from_mark: 'absent',
    to_mark: 'present',
    reason: 'I sat in the last row',
    ...body,
  });

async function asked(index: number, body: object = {}): Promise<Body> {
  const answer = await ask(index, body);
  expect(answer.status).toBe(201);
  return answer.body;
}

const codeOf = ({ status, body }: Answer): [number, string] => [status, body.code];

describe('asking for a correction', () => {
  it('case 156: a student who also teaches elsewhere asks about the own mark of a class, not about a classmate', async () => {
    const { knex } = server.db;
    await server.tokenOf('student', { student: rollNumber(3) });
    const { id } = await knex('student')
      .where({ roll_number: rollNumber(3) })
      .first('id');
    const account = await knex('account').where({ student_id: id }).first('id');
    await knex('account').where({ id: account.id }).update({ faculty_code: 'F999' });
    await knex('account_role').insert({ account_id: account.id, role: 'faculty', valid_from: '-infinity' });
    await server.notify(ACCOUNT_CHANNEL, account.id);
    const others = await ask(3, { student: rollNumber(1) });
    expect(codeOf(others)).toEqual([404, 'NOT_FOUND']);
    expect((await ask(3, { student: rollNumber(3) })).status).toBe(201);
    await knex('account_role').where({ account_id: account.id, role: 'faculty' }).delete();
    await knex('account').where({ id: account.id }).update({ faculty_code: null });
    await server.notify(ACCOUNT_CHANNEL, account.id);
  });

  it('case 132: is accepted on the seventh day at 23:59 and refused on the eighth at 00:00, with the date', async () => {
    weeks.goTo('23:59:59', 7);
    expect((await ask(1)).status).toBe(201);
    weeks.goTo('00:00', 8);
    const late = await ask(2);
    expect(codeOf(late)).toEqual([409, 'WINDOW_CLOSED']);
    expect(late.body.detail).toContain(weeks.date(7));
  });

  it('A10.13: MAX_CORRECTION_DAYS has an effect', async () => {
    await server.post(`${API}/configurations/`, { key: 'MAX_CORRECTION_DAYS', value: '1' });
    weeks.goTo('00:00', 2);
    expect((await ask(1)).body.code).toBe('WINDOW_CLOSED');
  });

  it('case 132: the decision may come after the window, and the lock waits for it', async () => {
    weeks.goTo('23:59', 7);
    const request = await asked(1);
    await weeks.advance('00:10', 8);
    expect((await weeks.session()).status).toBe('finalized');
    expect((await weeks.session('CS302')).status).toBe('locked');
    expect((await faculty().post(path(request, 'approve'))).body.status).toBe('approved');
    expect(await weeks.mark(1)).toBe('present');
    await weeks.advance('00:20', 8);
    expect((await weeks.session()).status).toBe('locked');
  });

  it('case 133: a mark that has changed meanwhile is told, when asking and when deciding', async () => {
    const stale = await ask(0);
    expect(codeOf(stale)).toEqual([409, 'STALE']);
    expect(stale.body.detail).toContain('present');
    const request = await asked(1);
    await faculty().post(`${API}/records/`, {
      session_id: session,
      student: rollNumber(1),
      mark: 'late',
      reason: 'came at quarter past',
    });
    const decided = await faculty().post(path(request, 'approve'));
    expect(codeOf(decided)).toEqual([409, 'STALE']);
    expect(decided.body.detail).toContain('late');
    expect((await server.get(path(request))).body).toMatchObject({ status: 'pending', current_mark: 'late' });
  });

  it('case 134: one request at a time; after a rejection one more, to the head of the department', async () => {
    const first = await asked(1);
    const second = await ask(1);
    expect(codeOf(second)).toEqual([409, 'CORRECTION_PENDING']);
    expect(second.body.detail).toContain(first.id);
    weeks.goTo('13:00');
    expect(
      (await faculty().post(path(first, 'reject'), { decision_note: 'nobody saw you' })).body.status,
    ).toBe('rejected');
    const again = await asked(1, { supporting_document: PDF });
    expect(again.decider_level).toBe('hod');
    expect(codeOf(await faculty().post(path(again, 'approve')))).toEqual([403, 'HIGHER_DECIDER_NEEDED']);
    weeks.goTo('13:10');
    expect((await hod().post(path(again, 'reject'), { decision_note: 'the camera says no' })).status).toBe(
      200,
    );
    expect((await ask(1)).body.code).toBe('REREQUEST_USED');
  });

  it('case 134: two at the same moment make one request', async () => {
    const answers = await Promise.all([ask(1), ask(1)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
  });

  it('case 18: nothing is asked of a locked class, nor of one that was not held', async () => {
    await server.post(`${API}/sessions/${session}/lock/`);
    expect((await ask(1)).body.code).toBe('SESSION_LOCKED');
    const { id: other } = await weeks.session('CS302');
    await hod().post(`${API}/sessions/${other}/not-held/`, { reason: 'faculty was ill' });
    expect((await ask(1, { session_id: other })).body.code).toBe('SESSION_CANCELLED');
  });

  it('a class that two people have unlocked can be corrected for as long as it is', async () => {
    await server.post(`${API}/sessions/${session}/lock/`);
    weeks.goTo('10:00', 20);
    await server.post(`${API}/sessions/${session}/unlock/`, { reason: 'a court asks' });
    await server.as('principal').post(`${API}/sessions/${session}/unlock/`, { reason: 'a court asks' });
    await weeks.advance('10:05', 20);
    expect((await ask(1)).status).toBe(201);
  });

  it.each([
    ['the same mark', { to_mark: 'absent' }],
    ['a mark that nobody can ask for', { to_mark: 'not_required' }],
    ['no reason', { reason: ' ' }],
    ['a class that is no id', { session_id: "x'; DROP TABLE student; --" }],
    ['an unknown field', { status: 'approved' }],
  ])('refuses %s', async (_what, body) => {
    expect((await ask(1, body)).status).toBe(400);
  });
});

describe('deciding about a correction', () => {
  it('case 136: outranks evidence and people, keeps everything in the audit, and only a new one reverses it', async () => {
    const request = await asked(1, { supporting_document: PDF });
    const approved = await faculty().post(path(request, 'approve'), { decision_note: 'seen on the photo' });
    expect(approved.body).toMatchObject({ status: 'approved', current_mark: 'present', version: 2 });
    expect(await weeks.mark(1)).toBe('present');
    const record = await weeks.record(1);
    expect(record.reason).toBe('CORRECTED');
    await faculty().post(`${API}/records/`, {
      session_id: session,
      student: rollNumber(1),
      mark: 'absent',
      reason: 'changed my mind',
    });
    await faculty().del(`${API}/records/${record.id}/`, {}, { reason: 'a mistake' });
    expect(await weeks.mark(1)).toBe('present');
    const audit = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: request.id, action: 'correction_approved' })
      .first();
    const accounts = await server.db.knex('account').select('id', 'login');
    const loginOf = (id: string) => accounts.find((account) => account.id === id)?.login;
    expect(audit.before).toMatchObject({ mark: 'absent', source: 'system', reason: 'NO_CAPTURE' });
    expect(audit.after).toMatchObject({
      mark: 'present',
      reason: 'I sat in the last row',
      document: 'note.pdf',
    });
    expect([loginOf(audit.after.requested_by), loginOf(audit.after.decided_by)]).toEqual([
      expect.stringContaining('student'),
      expect.stringContaining('faculty'),
    ]);
    weeks.goTo('14:00');
    const back = await asked(1, { from_mark: 'present', to_mark: 'absent', reason: 'it was my twin' });
    expect(back.decider_level).toBe('faculty');
    await faculty().post(path(back, 'approve'));
    expect(await weeks.mark(1)).toBe('absent');
  });

  it('case 136: the lock alone stands above it', async () => {
    const request = await asked(1);
    await server.post(`${API}/sessions/${session}/lock/`);
    expect((await faculty().post(path(request, 'approve'))).body.code).toBe('SESSION_LOCKED');
    expect(await weeks.mark(1)).toBe('absent');
  });

  it('case 137: the mark has changed when the answer is there, and the tally with it', async () => {
    const request = await asked(1);
    const before = (await weeks.session()).counts;
    await faculty().post(path(request, 'approve'));
    const after = (await weeks.session()).counts;
    expect([after.present - before.present, after.absent - before.absent]).toEqual([1, -1]);
  });

  it('case 135: one’s own manual mark is corrected freely, far from the exam list', async () => {
    await markByHand(1, 'absent');
    const request = await asked(1);
    expect((await faculty().post(path(request, 'approve'))).body.status).toBe('approved');
  });

  it('case 135: shortly before the exam list, over a threshold, somebody above signs too', async () => {
    await server.post(`${API}/configurations/`, { key: 'EXAM_LIST_DATE', value: weeks.date(14) });
    await setAggregate(1, { attended: 74, held: 100 });
    await markByHand(1, 'absent');
    const request = await asked(1);
    const signed = await faculty().post(path(request, 'approve'), { decision_note: 'my mistake' });
    expect(signed.body).toMatchObject({ status: 'pending', needs_countersign: true, decider_level: 'hod' });
    expect(await weeks.mark(1)).toBe('absent');
    expect((await faculty().post(path(request, 'approve'))).body.code).toBe('SECOND_PERSON_NEEDED');
    expect((await hod().post(path(request, 'approve'))).body).toMatchObject({
      status: 'approved',
      first_approved_by: expect.stringContaining('faculty'),
      decided_by: expect.stringContaining('hod'),
    });
    expect(await weeks.mark(1)).toBe('present');
  });

  it.each([
    ['the threshold is not crossed', { attended: 73, held: 100 }, 14],
    ['it is reached already', { attended: 75, held: 100 }, 14],
    ['the list is far', { attended: 74, held: 100 }, 15],
  ])('case 135: one signature is enough where %s', async (_why, share, days) => {
    await server.post(`${API}/configurations/`, { key: 'EXAM_LIST_DATE', value: weeks.date(days) });
    await setAggregate(2, share);
    await markByHand(2, 'absent');
    const request = await asked(2);
    expect((await faculty().post(path(request, 'approve'))).body.status).toBe('approved');
  });

  it('cases 73, 135: a credit is part of the share that is lifted over the threshold', async () => {
    await server.post(`${API}/configurations/`, { key: 'EXAM_LIST_DATE', value: weeks.date(14) });
    await setAggregate(3, { attended: 70, held: 96, credit: 4 });
    await markByHand(3, 'absent');
    const request = await asked(3);
    expect((await faculty().post(path(request, 'approve'))).body.needs_countersign).toBe(true);
  });

  it('case 135: how long before the list is a setting, and 65 is a threshold, too', async () => {
    await server.post(`${API}/configurations/`, { key: 'EXAM_LIST_DATE', value: weeks.date(20) });
    await server.post(`${API}/configurations/`, { key: 'COUNTERSIGN_DAYS', value: '20' });
    await setAggregate(3, { attended: 64, held: 100 });
    await markByHand(3, 'absent');
    const request = await asked(3);
    expect((await faculty().post(path(request, 'approve'))).body.needs_countersign).toBe(true);
  });

  it.each([
    ['EXAM_LIST_DATE', {}],
    ['COUNTERSIGN_DAYS', { EXAM_LIST_DATE: 20 }],
  ] as const)('case 135, A10.13: %s may differ by programme, and leaves the others alone', async (key, beside) => {
    const value = key === 'COUNTERSIGN_DAYS' ? '20' : weeks.date(14);
    const isCountersigned = async (index: number, programme: string): Promise<boolean> => {
      await server.db.knex('attendance_configuration').update({ is_active: false });
      const scope = { scope_kind: 'programme', scope_id: programme };
      await server.post(`${API}/configurations/`, { key, value, ...scope });
      for (const [other, days] of Object.entries(beside)) {
        await server.post(`${API}/configurations/`, { key: other, value: weeks.date(days) });
      }
      await setAggregate(index, { attended: 74, held: 100 });
      await markByHand(index, 'absent');
      const request = await asked(index);
      return (await faculty().post(path(request, 'approve'))).body.needs_countersign;
    };
    expect([await isCountersigned(2, 'mtech'), await isCountersigned(3, 'btech')]).toEqual([false, true]);
  });

  it('case 129: the second of two deciders hears ALREADY_DECIDED (A10.31)', async () => {
    const request = await asked(1);
    const answers = await Promise.all([
      faculty().post(path(request, 'approve')),
      hod().post(path(request, 'reject'), { decision_note: 'no proof' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('ALREADY_DECIDED');
  });

  it('case 151: who was warned on the old mark is told that it was corrected, once', async () => {
    const { knex } = server.db;
    const own = await knex('student')
      .where({ roll_number: rollNumber(4) })
      .first('id');
    await student(4).get(REQUESTS);
    const account = await knex('account').where({ student_id: own.id }).first('id');
    const [warning] = await knex('notification')
      .insert({
        account_id: account.id,
        kind: 'attendance_warning',
        body: { student_id: own.id, percentage: 74.1 },
        created_at: weeks.instant('12:30'),
      })
      .returning('id');
    const request = await asked(4);
    await faculty().post(path(request, 'approve'));
    const told = await knex('notification')
      .where({ account_id: account.id, subject_id: request.id })
      .orderBy('kind');
    expect(told.map(({ kind }) => kind)).toEqual(['correction_decided', 'mark_corrected']);
    expect(told[1].body).toMatchObject({ from: 'absent', to: 'present', follows: [warning.id] });
    const other = await asked(3);
    await faculty().post(path(other, 'approve'));
    expect(await knex('notification').where({ kind: 'mark_corrected', subject_id: other.id })).toEqual([]);
  });
});

describe('rights over corrections', () => {
  it('A10.22: only deciders decide, nobody what they asked for themselves, and attempts are audited', async () => {
    const request = await asked(1);
    const decide = path(request, 'approve');
    for (const role of ['dean', 'auditor', 'exam_branch', 'lab_technician', 'dpo'] as const) {
      expect([role, (await server.as(role).post(decide)).body.code]).toEqual([role, 'FORBIDDEN']);
    }
    expect((await student(1).post(decide)).body.code).toBe('FORBIDDEN');
    expect((await server.as('faculty', { faculty: 'F999' }).post(decide)).status).toBe(404);
    expect((await server.as('hod', { department: 'ece' }).post(decide)).status).toBe(404);
    const refusals = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', entity_id: `POST ${decide}` });
    expect(refusals).toHaveLength(8);
    const own = await faculty().post(REQUESTS, {
      session_id: session,
      student: rollNumber(2),
      from_mark: 'absent',
      to_mark: 'present',
      reason: 'overlooked at roll call',
    });
    expect((await faculty().post(path(own.body, 'approve'))).body.code).toBe('SECOND_PERSON_NEEDED');
    expect((await hod().post(path(own.body, 'approve'))).status).toBe(200);
  });

  it('case 156: students ask, see and withdraw their own only', async () => {
    const request = await asked(1);
    expect((await student(2).get(path(request))).status).toBe(404);
    expect((await student(2).del(path(request))).status).toBe(404);
    expect(await student(2).results(`${REQUESTS}?student=${rollNumber(1)}`)).toEqual([]);
    expect((await ask(2, { student: rollNumber(1) })).status).toBe(404);
    expect((await faculty().del(path(request))).body.code).toBe('FORBIDDEN');
    expect((await student(1).del(path(request), { 'if-match': '"9"' })).body.code).toBe('STALE');
    expect((await student(1).del(path(request))).body.status).toBe('cancelled');
    expect((await faculty().post(path(request, 'approve'))).body.code).toBe('INVALID_TRANSITION');
    expect((await ask(1)).status).toBe(201);
  });

  it('seals the document and says who read it', async () => {
    const request = await asked(1, { supporting_document: PDF });
    const row = await server.db.knex('attendance_correction_request').where({ id: request.id }).first();
    expect(row.document_sealed.toString('latin1')).not.toContain('PDF');
    expect((await faculty().get(path(request, 'document'))).body).toMatchObject(PDF);
    const reads = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: request.id, action: 'read_document' });
    expect(reads).toHaveLength(1);
  });

  it('lists by cursor and filters', async () => {
    for (const index of [1, 2, 3]) {
      weeks.goTo(`13:0${index}`);
      await asked(index);
    }
    const all = `${REQUESTS}?session=${session}&status=pending&course=CS301&section=cse-a&decider_level=faculty`;
    const first = (await hod().get(`${all}&limit=2`)).body;
    const second = (await hod().get(`${all}&limit=2&cursor=${first.next}`)).body;
    expect([...first.results, ...second.results].map((item: Body) => item.student.roll_number)).toEqual(
      [3, 2, 1].map((index) => rollNumber(index)),
    );
    expect(second.next).toBeNull();
  });
});

async function markByHand(index: number, mark: string): Promise<void> {
  const answer = await faculty().post(`${API}/records/`, {
    session_id: session,
    student: rollNumber(index),
    mark,
    reason: 'called twice',
  });
  expect(answer.status).toBe(201);
}

async function setAggregate(
  index: number,
  { attended, held, credit = 0 }: { attended: number; held: number; credit?: number },
): Promise<void> {
  const { knex } = server.db;
  const { id } = await knex('student')
    .where({ roll_number: rollNumber(index) })
    .first('id');
  await knex('aggregate_statistics')
    .insert({
      student_id: id,
      academic_period_id: '2026-odd',
      attended_periods: attended,
      held_periods: held,
      credit_held_periods: credit,
      credit_attended_periods: credit,
    })
    .onConflict(['student_id', 'academic_period_id'])
    .merge();
}
