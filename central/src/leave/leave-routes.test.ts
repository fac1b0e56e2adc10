import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT_CHANNEL } from '../auth/accounts.js';
import { type Answer, API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { storePunches } from '../marks/test-punches.js';
import { DOCUMENT_BYTES_MAX } from '../privacy/document.js';
import { rollNumber } from '../seed/test-campus.js';

const LEAVE = `${API}/leave-applications/`;
const PDF = { name: 'letter.pdf', content_base64: Buffer.from('%PDF-1.7 fever').toString('base64') };

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
  await knex('programme').insert(['btech', 'mtech'].map((id) => ({ id, department_id: 'cse', name: id })));
  await knex('section').update({ department_id: 'cse', programme_id: 'btech' });
  await knex('faculty').insert({ code: 'F999', full_name: 'Dr Other' });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await weeks.next();
  await server.db.knex('attendance_configuration').update({ is_active: false });
  await cancelOpen();
});

/** What would overlap the next application. */
const cancelOpen = (): Promise<unknown> =>
  server.db
    .knex('attendance_leave_application')
    .whereIn('status', ['pending', 'approved'])
    .update({ status: 'cancelled' });

const student = (index: number) => server.as('student', { student: rollNumber(index) });
const faculty = () => server.as('faculty', { faculty: 'F001' });
const hod = () => server.as('hod', { department: 'cse' });

function apply(index: number, body: object = {}): Promise<Answer> {
  return student(index).post(LEAVE, {
    leave_type: 'personal',
    start_date: weeks.day,
    end_date: weeks.day,
    reason: 'family matter',
    ...body,
  });
}

async function approved(index: number, body: object = {}): Promise<Body> {
  const { body: leave } = await apply(index, body);
  const answer = await server.post(`${LEAVE}${leave.id}/approve/`);
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('leave and marks', () => {
  it('case 121: approved in advance, it excuses when the class becomes final (A10.15)', async () => {
    await weeks.next();
    const leave = await approved(0, { leave_type: 'medical' });
    expect(await weeks.record(0)).toBeUndefined();
    await weeks.hold([1]);
    expect(await weeks.mark(0)).toBe('excused');
    expect(await weeks.mark(1)).toBe('present');
    expect(await weeks.mark(2)).toBe('absent');
    const why = (await server.get(`${API}/records/${(await weeks.record(0)).id}/explain/`)).body;
    expect(why).toMatchObject({ reason: 'ON_LEAVE', leave_id: leave.id });
  });

  it.each([
    'affects_attendance',
    'auto_apply_to_sessions',
  ])('R15: leave with %s off is kept and excuses nobody, before and after', async (flag) => {
    const before = await approved(0, { [flag]: false });
    expect(before[flag]).toBe(false);
    await weeks.hold([1]);
    expect(await weeks.mark(0)).toBe('absent');
    await approved(2, { [flag]: false });
    await server.judge();
    expect(await weeks.mark(2)).toBe('absent');
    await approved(3);
    expect(await weeks.mark(3)).toBe('excused');
  });

  it('case 122: approved afterwards, absences become excused and attendance stays; case 37: it shows what was attended', async () => {
    await weeks.hold([0]);
    expect([await weeks.mark(0), await weeks.mark(0, 'CS302'), await weeks.mark(2)]).toEqual([
      'present',
      'present',
      'absent',
    ]);
    await approved(2);
    expect([await weeks.mark(2), await weeks.mark(2, 'CS302')]).toEqual(['excused', 'excused']);
    const { id } = await approved(0);
    expect(await weeks.mark(0)).toBe('present');
    expect((await server.get(`${LEAVE}${id}/`)).body.classes).toEqual({ covered: 2, attended: 2 });
  });

  it('case 37: who attended 1 of 7 classes of the leave stays present there, and the days of the leave stay', async () => {
    for (const hour of [12, 14, 16, 18, 20]) {
      const made = await server.post(`${API}/sessions/`, {
        course: 'CS301',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['r101'],
        date: weeks.day,
        start_time: `${hour}:00`,
        end_time: `${hour}:50`,
        origin: 'extra',
        reason: 'remedial',
      });
      expect(made.status).toBe(201);
    }
    await weeks.hold([]);
    await weeks.advance('14:05');
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(2), at: weeks.instant('14:01') }]);
    await weeks.advance('21:30');
    const { id } = await approved(2);
    await server.judge();
    const { body } = await server.get(`${LEAVE}${id}/`);
    expect([body.classes, body.calendar_days]).toEqual([{ covered: 7, attended: 1 }, 1]);
  });

  it('case 123: taken back, exactly the marks that it changed return (A10.16)', async () => {
    await weeks.hold([0]);
    const before = await server.results(`${API}/records/?session=${(await weeks.session()).id}`);
    const { id } = await approved(2);
    expect(await weeks.mark(2)).toBe('excused');
    const revoked = await server.post(`${LEAVE}${id}/revoke/`, { decision_note: 'the letter was forged' });
    expect(revoked.body).toMatchObject({ status: 'revoked', revoke_note: 'the letter was forged' });
    expect(await weeks.mark(2)).toBe('absent');
    const after = await server.results(`${API}/records/?session=${(await weeks.session()).id}`);
    const essence = (list: Body[]) => list.map(({ id: record, mark, reason }) => [record, mark, reason]);
    expect(essence(after)).toEqual(essence(before));
    expect(after.filter(({ version }, index) => version !== before[index].version)).toHaveLength(1);
    const again = await server.post(`${LEAVE}${id}/revoke/`, { decision_note: 'once more' });
    expect(again.body.code).toBe('INVALID_TRANSITION');
  });

  it('case 18: leave that would change the mark of a locked class is refused, and nothing changes', async () => {
    await weeks.hold([0]);
    const { id: sessionId } = await weeks.session();
    expect((await server.post(`${API}/sessions/${sessionId}/lock/`)).status).toBe(200);
    const { body: absent } = await apply(2);
    const refused = await server.post(`${LEAVE}${absent.id}/approve/`);
    expect([refused.status, refused.body.code]).toEqual([409, 'SESSION_LOCKED']);
    expect((await server.get(`${LEAVE}${absent.id}/`)).body).toMatchObject({ status: 'pending', version: 1 });
    expect([await weeks.mark(2), await weeks.mark(2, 'CS302')]).toEqual(['absent', 'absent']);
    const { body: present } = await apply(0);
    expect((await server.post(`${LEAVE}${present.id}/approve/`)).status).toBe(200);
  });

  it('case 18: leave that a locked mark rests on is not taken back', async () => {
    const { id } = await approved(3);
    await weeks.hold();
    expect(await weeks.mark(3)).toBe('excused');
    await server.post(`${API}/sessions/${(await weeks.session()).id}/lock/`);
    const refused = await server.post(`${LEAVE}${id}/revoke/`, { decision_note: 'too late for this' });
    expect(refused.body.code).toBe('SESSION_LOCKED');
    expect((await server.get(`${LEAVE}${id}/`)).body.status).toBe('approved');
  });

  it.each([
    ['times', { start_time: '10:00', end_time: '10:50' }],
    ['a period', { periods: { from: 1, to: 1 } }],
  ])('case 124: leave of part of a day, by %s, leaves other periods untouched', async (_way, part) => {
    const leave = await approved(0, part);
    expect([leave.start_time, leave.end_time]).toEqual(['10:00', '10:50']);
    await weeks.hold();
    expect([await weeks.mark(0), await weeks.mark(0, 'CS302')]).toEqual(['excused', 'absent']);
  });

  it('case 124: half days end and begin when the afternoon does, which is a setting', async () => {
    expect((await approved(0, { half_day: 'forenoon' })).end_time).toBe('13:00');
    await server.post(`${API}/configurations/`, { key: 'AFTERNOON_STARTS_AT', value: '10:30' });
    expect((await approved(1, { half_day: 'afternoon' })).start_time).toBe('10:30');
    await weeks.hold();
    expect([await weeks.mark(0), await weeks.mark(0, 'CS302')]).toEqual(['excused', 'excused']);
    expect([await weeks.mark(1), await weeks.mark(1, 'CS302')]).toEqual(['absent', 'excused']);
    const both = await apply(2, { half_day: 'forenoon', start_time: '10:00', end_time: '11:00' });
    expect(both.body.code).toBe('REQUEST_INVALID');
    expect((await apply(2, { periods: { from: 1, to: 9 } })).body.detail).toContain('2 periods');
  });
});

describe('an application', () => {
  it('case 125: shows calendar and working days; holidays and weekly days off are a difference', async () => {
    // Saturday to Monday of the same week's end, with a holiday for the section on Monday.
    const span = { start_date: weeks.date(4), end_date: weeks.date(6) };
    const { body: leave } = await apply(0, span);
    expect([leave.calendar_days, leave.working_days]).toEqual([3, 2]);
    await server.db.knex('attendance_holiday').insert({
      campus_id: 'main',
      name: 'Founders day',
      date: weeks.date(6),
      scope_section_id: 'cse-a',
    });
    const read = async () => (await server.get(`${LEAVE}${leave.id}/`)).body.working_days;
    expect(await read()).toBe(1);
    await server.post(`${API}/configurations/`, { key: 'WEEKLY_OFF_DAYS', value: 'SAT,SUN' });
    expect(await read()).toBe(0);
    await server.db.knex('calendar_day').insert({ campus_id: 'main', date: weeks.date(4), kind: 'working' });
    expect(await read()).toBe(1);
  });

  it('case 126: refuses what overlaps pending or approved leave, naming it, and nothing else', async () => {
    const { body: first } = await apply(0, { end_date: weeks.date(2) });
    const overlap = await apply(0, { start_date: weeks.date(2), end_date: weeks.date(3) });
    expect([overlap.status, overlap.body.code]).toEqual([409, 'LEAVE_OVERLAP']);
    expect(overlap.body.detail).toContain(first.id);
    expect((await apply(0, { half_day: 'forenoon' })).body.code).toBe('LEAVE_OVERLAP');
    await server.post(`${LEAVE}${first.id}/reject/`, { decision_note: 'not this week' });
    const { status, body: second } = await apply(0, { half_day: 'forenoon' });
    expect(status).toBe(201);
    expect((await apply(0, { half_day: 'afternoon' })).status).toBe(201);
    expect((await student(0).del(`${LEAVE}${second.id}/`)).body.status).toBe('cancelled');
    expect((await apply(0, { half_day: 'forenoon' })).status).toBe(201);
    const both = await Promise.all([apply(1), apply(1)]);
    expect(both.map(({ status: one }) => one).toSorted()).toEqual([201, 409]);
  });

  it('case 127: kinds of leave count as the policy says when it is decided', async () => {
    expect(await approved(0, { leave_type: 'on_duty' })).toMatchObject({ counts_as: 'attended' });
    expect(await approved(1, { leave_type: 'medical' })).toMatchObject({
      counts_as: 'missed',
      is_condonation_evidence: true,
    });
    const personal = await approved(2);
    expect(personal).toMatchObject({ counts_as: 'excluded', is_condonation_evidence: false });
    await server.post(`${API}/configurations/`, { key: 'LEAVE_COUNTS_AS', value: 'personal:missed' });
    expect(await approved(3)).toMatchObject({ counts_as: 'missed', is_condonation_evidence: false });
    expect((await server.get(`${LEAVE}${personal.id}/`)).body.counts_as).toBe('excluded');
  });

  it('case 129: of two deciders at the same moment the first wins, the second hears ALREADY_DECIDED (A10.31)', async () => {
    const { body: leave } = await apply(0);
    const answers = await Promise.all([
      faculty().post(`${LEAVE}${leave.id}/approve/`),
      hod().post(`${LEAVE}${leave.id}/reject/`, { decision_note: 'classes are on' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('ALREADY_DECIDED');
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_leave_application', entity_id: leave.id })
      .whereIn('action', ['approve', 'reject']);
    expect(rows).toHaveLength(1);
    expect(rows[0].before.status).toBe('pending');
  });

  it('case 130: the longer it is, the higher it goes, and from where is a setting', async () => {
    const of = async (days: number) => (await apply(0, { end_date: weeks.date(days - 1), draft: true })).body;
    const levels = [];
    for (const days of [3, 4, 10, 11]) levels.push((await of(days)).decider_level);
    expect(levels).toEqual(['faculty', 'hod', 'hod', 'principal']);
    const { body: long } = await apply(0, { end_date: weeks.date(3) });
    const refused = await faculty().post(`${LEAVE}${long.id}/approve/`);
    expect([refused.status, refused.body.code]).toEqual([403, 'HIGHER_DECIDER_NEEDED']);
    expect((await hod().post(`${LEAVE}${long.id}/approve/`)).status).toBe(200);
    const { body: longer } = await apply(1, { end_date: weeks.date(10) });
    expect((await hod().post(`${LEAVE}${longer.id}/approve/`)).body.code).toBe('HIGHER_DECIDER_NEEDED');
    expect((await server.as('principal').post(`${LEAVE}${longer.id}/approve/`)).status).toBe(200);
    await server.post(`${API}/configurations/`, { key: 'LEAVE_HOD_AFTER_DAYS', value: '1' });
    await server.post(`${API}/configurations/`, { key: 'LEAVE_PRINCIPAL_AFTER_DAYS', value: '2' });
    expect([(await of(2)).decider_level, (await of(3)).decider_level]).toEqual(['hod', 'principal']);
  });

  it('case 131: long medical leave needs a document, and is a draft until there is one', async () => {
    const medical = { leave_type: 'medical', end_date: weeks.date(2) };
    const missing = await apply(0, medical);
    expect([missing.status, missing.body.code]).toEqual([400, 'DOCUMENT_MISSING']);
    expect((await apply(1, { ...medical, end_date: weeks.date(1) })).status).toBe(201);
    const { body: draft } = await apply(0, { ...medical, draft: true });
    expect(draft.status).toBe('draft');
    expect((await server.post(`${LEAVE}${draft.id}/approve/`)).body.code).toBe('INVALID_TRANSITION');
    const change = (body: object) => student(0).patch(`${LEAVE}${draft.id}/`, body);
    expect((await change({ submit: true })).body.code).toBe('DOCUMENT_MISSING');
    const submitted = await change({ submit: true, supporting_document: PDF });
    expect(submitted.body).toMatchObject({ status: 'pending', has_document: true, version: 2 });
    await server.post(`${API}/configurations/`, { key: 'MEDICAL_DOCUMENT_AFTER_DAYS', value: '5' });
    expect((await apply(2, medical)).status).toBe(201);
  });

  it.each([
    ['LEAVE_HOD_AFTER_DAYS', '1', { end: 1 }, 'decider_level', ['faculty', 'hod']],
    ['LEAVE_PRINCIPAL_AFTER_DAYS', '1', { end: 1 }, 'decider_level', ['faculty', 'principal']],
    [
      'MEDICAL_DOCUMENT_AFTER_DAYS',
      '5',
      { end: 2, leave_type: 'medical' },
      'code',
      ['DOCUMENT_MISSING', undefined],
    ],
    ['LEAVE_COUNTS_AS', 'personal:missed', {}, 'counts_as', ['excluded', 'missed']],
    ['AFTERNOON_STARTS_AT', '10:30', { half_day: 'forenoon' }, 'end_time', ['13:00', '10:30']],
  ] as const)('A10.13: %s may differ by programme, and leaves the others alone', async (key, value, change, field, seen) => {
    const { end = 0, ...more } = change as { end?: number };
    const after = async (programme: string): Promise<unknown> => {
      await server.db.knex('attendance_configuration').update({ is_active: false });
      const scope = { scope_kind: 'programme', scope_id: programme };
      expect((await server.post(`${API}/configurations/`, { key, value, ...scope })).status).toBe(201);
      const { body } = await apply(0, { end_date: weeks.date(end), ...more });
      await cancelOpen();
      return body[field];
    };
    expect([await after('mtech'), await after('btech')]).toEqual(seen);
  });

  it('takes a document of five mebibytes, and none larger', async () => {
    const letter = (bytes: number) => ({
      name: 'scan.pdf',
      content_base64: Buffer.concat([Buffer.from('%PDF-1.7'), Buffer.alloc(bytes - 8)]).toString('base64'),
    });
    const large = await apply(3, { supporting_document: letter(DOCUMENT_BYTES_MAX) });
    expect([large.status, large.body.has_document]).toEqual([201, true]);
    const larger = await apply(4, { supporting_document: letter(DOCUMENT_BYTES_MAX + 3) });
    expect(larger.status).toBe(400);
  });

  it('is changed only while nobody has decided, and only from the version that was seen', async () => {
    const { body: leave } = await apply(0);
    const path = `${LEAVE}${leave.id}/`;
    const changed = await student(0).patch(path, {
      version: 1,
      end_date: weeks.date(3),
      reason: 'a wedding',
    });
    expect(changed.body).toMatchObject({
      version: 2,
      decider_level: expect.any(String),
      reason: 'a wedding',
    });
    expect((await student(0).patch(path, { version: 1, reason: 'later' })).body.code).toBe('STALE');
    expect((await student(0).del(path, { 'if-match': '"1"' })).body.code).toBe('STALE');
    expect((await server.post(`${path}approve/`, { version: 1 })).body.code).toBe('STALE');
    expect((await server.post(`${path}approve/`, { version: 2 })).status).toBe(200);
    expect((await student(0).patch(path, { reason: 'too late' })).body.code).toBe('INVALID_TRANSITION');
    expect((await student(0).del(path)).body.code).toBe('INVALID_TRANSITION');
  });
});

describe('one letter for many', () => {
  const BATCHES = `${API}/leave-batches/`;
  const letter = (students: string[]) => ({
    title: 'Inter-college tournament',
    students,
    leave_type: 'sport',
    start_date: weeks.day,
    end_date: weeks.day,
    reason: 'plays for the college',
    supporting_document: PDF,
  });

  it('case 128: one approval and one undo for everybody on it', async () => {
    await weeks.hold();
    const coordinator = server.as('coordinator');
    const { status, body: batch } = await coordinator.post(
      BATCHES,
      letter([0, 1, 2].map((index) => rollNumber(index))),
    );
    expect([status, batch.applications.length, batch.counts.pending]).toEqual([201, 3, 3]);
    const approvedBatch = await coordinator.post(`${BATCHES}${batch.id}/approve/`);
    expect(approvedBatch.body.counts).toMatchObject({ pending: 0, approved: 3 });
    expect([await weeks.mark(0), await weeks.mark(2), await weeks.mark(3)]).toEqual([
      'excused',
      'excused',
      'absent',
    ]);
    const [one] = batch.applications;
    expect((await server.get(`${LEAVE}${one.id}/`)).body).toMatchObject({
      has_document: true,
      counts_as: 'attended',
    });
    expect((await student(0).get(`${LEAVE}${one.id}/document/`)).body).toMatchObject(PDF);
    expect((await coordinator.post(`${BATCHES}${batch.id}/approve/`)).body.code).toBe('ALREADY_DECIDED');
    const undone = await coordinator.post(`${BATCHES}${batch.id}/revoke/`, {
      decision_note: 'tournament cancelled',
    });
    expect(undone.body.counts).toMatchObject({ approved: 0, revoked: 3 });
    expect([await weeks.mark(0), await weeks.mark(2)]).toEqual(['absent', 'absent']);
    const audit = await server.db.knex('attendance_audit_log').where({
      entity_type: 'attendance_leave_application',
      action: 'revoke',
      reason: 'tournament cancelled',
    });
    expect(audit).toHaveLength(3);
  });

  it('case 128: is for all or none', async () => {
    const other = await apply(1);
    const overlap = await server.post(BATCHES, letter([rollNumber(0), rollNumber(1)]));
    expect(overlap.body.code).toBe('LEAVE_OVERLAP');
    expect(overlap.body.detail).toContain(other.body.id);
    expect((await server.post(BATCHES, letter([rollNumber(0), 'NOBODY']))).body.code).toBe('ROWS_REFUSED');
    expect(await server.results(`${LEAVE}?student=${rollNumber(0)}&status=pending`)).toEqual([]);
    expect((await student(0).post(BATCHES, letter([rollNumber(0), rollNumber(1)]))).body.code).toBe(
      'ROWS_REFUSED',
    );
  });
});

describe('rights and secrets of leave', () => {
  it('A10.22: only deciders decide, and the attempt is audited', async () => {
    const { body: leave } = await apply(0);
    const decide = `${LEAVE}${leave.id}/approve/`;
    for (const role of ['dean', 'auditor', 'exam_branch', 'lab_technician', 'security_officer'] as const) {
      expect([role, (await server.as(role).post(decide)).body.code]).toEqual([role, 'FORBIDDEN']);
    }
    expect((await student(0).post(decide)).body.code).toBe('FORBIDDEN');
    expect((await server.as('faculty', { faculty: 'F999' }).post(decide)).status).toBe(404);
    expect((await server.as('hod', { department: 'ece' }).post(decide)).status).toBe(404);
    expect((await server.as('mentor', { section: 'cse-a' }).post(decide)).status).toBe(200);
    const refusals = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', entity_id: `POST ${decide}` });
    expect(refusals.length).toBe(8);
  });

  it('nobody decides about themselves or their own child', async () => {
    const { knex } = server.db;
    const { body: leave } = await apply(4);
    const path = `${LEAVE}${leave.id}/approve/`;
    const own = await knex('student')
      .where({ roll_number: rollNumber(4) })
      .first('id');
    const account = await knex('account').where({ student_id: own.id }).first('id');
    await knex('account_role').insert({ account_id: account.id, role: 'hod', department_id: 'cse' });
    await knex('account_role').update({ valid_from: new Date(0) });
    await server.notify(ACCOUNT_CHANNEL, account.id);
    expect((await student(4).post(path)).body.detail).toContain('about themselves');
    const [guardian] = await knex('guardian').insert({ full_name: 'Parent' }).returning('id');
    await knex('guardianship').insert({ guardian_id: guardian.id, student_id: own.id });
    const parent = server.as('hod', { guardian: guardian.id, department: 'cse' });
    expect((await parent.post(path)).body.detail).toContain('about themselves');
    expect((await hod().post(path)).status).toBe(200);
    await knex('account_role').where({ account_id: account.id, role: 'hod' }).delete();
  });

  it('case 156: students see their own only, and nobody else’s even by id', async () => {
    const { body: leave } = await apply(2);
    expect((await student(3).get(`${LEAVE}${leave.id}/`)).status).toBe(404);
    expect((await student(3).get(`${LEAVE}${leave.id}/document/`)).status).toBe(404);
    expect((await student(3).del(`${LEAVE}${leave.id}/`)).status).toBe(404);
    expect(await student(3).results(`${LEAVE}?student=${rollNumber(2)}`)).toEqual([]);
    const forOther = await student(3).post(LEAVE, {
      student: rollNumber(2),
      leave_type: 'personal',
      start_date: weeks.date(8),
      end_date: weeks.date(8),
      reason: 'a prank',
    });
    expect(forOther.status).toBe(404);
  });

  it('case 157: guardians apply for their own child, and for nobody else’s', async () => {
    const { knex } = server.db;
    const child = await knex('student')
      .where({ roll_number: rollNumber(1) })
      .first('id');
    const [guardian] = await knex('guardian').insert({ full_name: 'Parent of one' }).returning('id');
    await knex('guardianship').insert({ guardian_id: guardian.id, student_id: child.id });
    const parent = server.as('guardian', { guardian: guardian.id });
    const wish = { leave_type: 'personal', start_date: weeks.day, end_date: weeks.day, reason: 'a wedding' };
    const own = await parent.post(LEAVE, { ...wish, student: rollNumber(1) });
    expect([own.status, own.body.student.roll_number]).toEqual([201, rollNumber(1)]);
    expect((await parent.post(LEAVE, { ...wish, student: rollNumber(2) })).status).toBe(404);
    expect((await parent.post(LEAVE, wish)).body.detail).toContain('whose leave');
    expect((await parent.post(`${LEAVE}${own.body.id}/approve/`)).body.code).toBe('FORBIDDEN');
    expect((await parent.del(`${LEAVE}${own.body.id}/`)).body.status).toBe('cancelled');
  });

  it('decides as the seed’s clients do: without a body, or with a decision_note', async () => {
    const { body: one } = await apply(0);
    const authorization = (await server.authorization('admin')).authorization;
    const bare = await server.call('POST', `${LEAVE}${one.id}/approve/`, { headers: { authorization } });
    expect([bare.status, bare.body.status]).toEqual([200, 'approved']);
    const { body: two } = await apply(1);
    const noted = await server.post(`${LEAVE}${two.id}/reject/`, { decision_note: 'exam that day' });
    expect(noted.body).toMatchObject({ status: 'rejected', decision_note: 'exam that day' });
    const { body: three } = await apply(2);
    expect((await server.post(`${LEAVE}${three.id}/reject`)).body.status).toBe('rejected');
  });

  it('keeps reason and document sealed, and says who read the document', async () => {
    const { body: leave } = await apply(2, { reason: 'chemotherapy', supporting_document: PDF });
    const row = await server.db.knex('attendance_leave_application').where({ id: leave.id }).first();
    expect(JSON.stringify(row)).not.toContain('chemotherapy');
    expect(row.reason_sealed.toString('latin1')).not.toContain('chemotherapy');
    expect(row.document_sealed.toString('latin1')).not.toContain('PDF');
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: leave.id });
    expect(JSON.stringify(audit)).not.toContain('chemotherapy');
    expect((await faculty().get(`${LEAVE}${leave.id}/`)).body.reason).toBe('chemotherapy');
    expect((await faculty().get(`${LEAVE}${leave.id}/document/`)).body).toEqual({
      ...PDF,
      media_type: 'application/pdf',
    });
    const reads = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: leave.id, action: 'read_document' });
    expect(reads.map(({ actor_role: role }) => role)).toEqual(['faculty']);
    const list = await server.results(`${LEAVE}?student=${rollNumber(2)}&status=pending`);
    expect(JSON.stringify(list)).not.toContain('chemotherapy');
  });

  it.each([
    ['dates that do not exist', { start_date: '2026-02-30' }],
    ['an end before the start', { end_date: '2026-07-01', start_date: '2026-07-02' }],
    ['more than a year', { end_date: '2036-01-01' }],
    ['an unknown kind', { leave_type: 'holiday' }],
    ['times without an end', { start_time: '10:00' }],
    [
      'a document that is a program',
      { supporting_document: { name: 'a.pdf', content_base64: 'TVqQAAMAAAAEAAAA' } },
    ],
    ['a document named as a path', { supporting_document: { ...PDF, name: '../../etc/passwd' } }],
    ['text that is not base64', { supporting_document: { ...PDF, content_base64: '%%%%%%%%%%' } }],
    ['a field that nobody knows', { status: 'approved' }],
    ['somebody else as decider', { decided_by: 'me' }],
  ])('refuses %s and keeps nothing', async (_what, body) => {
    const before = await server.db.knex('attendance_leave_application').count();
    const answer = await apply(4, body);
    expect(answer.status).toBe(400);
    expect(await server.db.knex('attendance_leave_application').count()).toEqual(before);
  });

  it('lists by cursor and filters', async () => {
    for (const days of [20, 30, 40]) {
      weeks.goTo(`07:${days}`);
      await apply(4, { start_date: weeks.date(days), end_date: weeks.date(days) });
    }
    const all = `${LEAVE}?student=${rollNumber(4)}&status=pending`;
    const first = (await server.get(`${all}&limit=2`)).body;
    const second = (await server.get(`${all}&limit=2&cursor=${first.next}`)).body;
    const dates = [...first.results, ...second.results].map(({ start_date: date }) => date);
    expect(dates).toEqual([40, 30, 20].map((days) => weeks.date(days)));
    expect(second.next).toBeNull();
    expect(await server.results(`${all}&start_date=${weeks.date(35)}`)).toHaveLength(1);
    expect(
      await server.results(`${all}&section=cse-a&leave_type=personal&decider_level=faculty`),
    ).toHaveLength(3);
    expect(await server.results(`${all}&section=cse-z`)).toEqual([]);
  });

  it('tells the student once what was decided', async () => {
    const leave = await approved(4);
    const rows = await server.db
      .knex('notification')
      .where({ kind: 'leave_decided', subject_id: `${leave.id}/approved` });
    expect(rows).toHaveLength(1);
    expect(rows[0].body).toMatchObject({ leave_id: leave.id, status: 'approved' });
    expect(JSON.stringify(rows[0].body)).not.toContain('family');
  });
});
