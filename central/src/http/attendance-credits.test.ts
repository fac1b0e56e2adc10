import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { type Answer, API, type Body, TestServer } from './test-server.js';

const PATH = `${API}/attendance-credits/`;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('student').insert({ roll_number: '24B81A0900', full_name: 'Of another college' });
  await knex('course').insert({ code: 'CS381', title: 'Laboratory', course_type: 'lab' });
  server.goTo('12:00');
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.db.knex('attendance_credit').delete();
});

const branch = () => server.as('exam_branch');
const codeOf = ({ status, body }: Answer) => [status, body.code];
const OCCASION = {
  academic_period: '2026-odd',
  kind: 'midterm',
  course: 'CS301',
  exam_date: '2026-08-20',
  reason: 'attendance sheet of hall 3',
};
const book = (rolls: readonly string[], change: object = {}): Promise<Answer> =>
  branch().post(PATH, { ...OCCASION, roll_numbers: rolls, ...change });
const takeBack = (rolls: readonly string[], change: object = {}): Promise<Answer> =>
  branch().post(`${PATH}take-back/`, { ...OCCASION, roll_numbers: rolls, ...change });
const SAT = [rollNumber(0), rollNumber(1), rollNumber(2)];

async function aggregateOf(index: number): Promise<Body> {
  const { db, clock } = server;
  await createStatisticsKeeper({ db, clock, log: silentLog }).run();
  const stored = await db
    .knex('aggregate_statistics')
    .join('student', 'student.id', 'student_id')
    .where({ roll_number: rollNumber(index) })
    .first('credit_held_periods', 'credit_attended_periods');
  const { body } = await server.get(`${API}/statistics/student-summary/?student_id=${rollNumber(index)}`);
  // Kept up to date and asked for now is one number.
  expect(body.aggregate.credit_held_periods).toBe(stored?.credit_held_periods ?? 0);
  expect(body.aggregate.credit_attended_periods).toBe(stored?.credit_attended_periods ?? 0);
  return body;
}

describe('credits for who sat an examination', () => {
  it('case 73: are booked by a list, once, and counted for those on it only; taken back, nothing is left', async () => {
    expect((await book(SAT)).body).toEqual({ booked: 3, existing: 0 });
    expect((await book([...SAT, rollNumber(3)])).body).toEqual({ booked: 1, existing: 3 });
    const { aggregate, credits } = await aggregateOf(0);
    expect([aggregate.credit_held_periods, aggregate.credit_attended_periods]).toEqual([2, 2]);
    expect(credits).toMatchObject([
      { kind: 'midterm', course_code: 'CS301', exam_date: '2026-08-20', held_periods: 2 },
    ]);
    // Who did not sit it.
    expect((await aggregateOf(4)).aggregate.credit_held_periods).toBe(0);
    // The second mid-term is another one.
    await book(SAT, { exam_date: '2026-10-15' });
    expect((await aggregateOf(0)).aggregate.credit_held_periods).toBe(4);
    expect((await takeBack([rollNumber(0), rollNumber(4)])).body).toEqual({ taken_back: 1, missing: 1 });
    expect((await aggregateOf(0)).aggregate.credit_held_periods).toBe(2);
    expect((await aggregateOf(1)).aggregate.credit_held_periods).toBe(4);
  });

  it('case 73: booked again with other numbers, they are refused as a whole, and the first ones stay', async () => {
    await book([rollNumber(1)], { held_periods: 2, attended_periods: 2 });
    const again = await book([rollNumber(0), rollNumber(1)], { held_periods: 4, attended_periods: 4 });
    expect(codeOf(again)).toEqual([409, 'ROWS_REFUSED']);
    expect(again.body.detail).toContain(`take it back from them first: ${rollNumber(1)}`);
    expect(again.body.detail).not.toContain(rollNumber(0));
    const booked = await branch().results(`${PATH}?course=CS301`);
    expect(booked).toMatchObject([{ held_periods: 2, attended_periods: 2 }]);
    expect(codeOf(await book([rollNumber(1)], { held_periods: 2, attended_periods: 1 }))).toEqual([
      409,
      'ROWS_REFUSED',
    ]);
    await takeBack([rollNumber(1)]);
    const both = await book([rollNumber(0), rollNumber(1)], { held_periods: 4, attended_periods: 4 });
    expect(both.body).toEqual({ booked: 2, existing: 0 });
  });

  it('case 73: one that was booked by hand without a date is not booked again with one, until it is taken back', async () => {
    const { knex } = server.db;
    const { id } = await knex('student')
      .where({ roll_number: rollNumber(1) })
      .first('id');
    const byHand = { academic_period_id: '2026-odd', course_code: 'CS301', kind: 'midterm', student_id: id };
    const periods = { attended_periods: 2, held_periods: 2 };
    await knex('attendance_credit').insert([0, 1].map((copy) => ({ ...byHand, ...periods, copy })));
    const refused = await book(SAT);
    expect(codeOf(refused)).toEqual([409, 'ROWS_REFUSED']);
    expect(refused.body.detail).toContain(`with exam_date null: ${rollNumber(1)}`);
    expect(refused.body.detail).not.toContain(rollNumber(0));
    expect(await knex('attendance_credit')).toHaveLength(2);
    // Another course and another kind are something else.
    const camp = { kind: 'ncc', course: null, exam_date: null };
    expect((await book([rollNumber(1)], camp)).body).toEqual({ booked: 1, existing: 0 });
    expect(codeOf(await takeBack(SAT, { course: null, exam_date: null }))).toEqual([400, 'REQUEST_INVALID']);
    const taken = await takeBack([rollNumber(1)], { exam_date: null });
    expect(taken.body).toEqual({ taken_back: 2, missing: 0 });
    expect((await book(SAT)).body).toEqual({ booked: 3, existing: 0 });
    expect((await aggregateOf(1)).aggregate.credit_held_periods).toBe(4);
  });

  it('case 73: are refused as a whole where somebody is unknown, or does not take the course on that day', async () => {
    const unknown = await book([...SAT, 'NOBODY1']);
    expect(codeOf(unknown)).toEqual([409, 'ROWS_REFUSED']);
    expect(unknown.body.detail).toContain('NOBODY1');
    expect(codeOf(await book(["x' OR true --"]))).toEqual([409, 'ROWS_REFUSED']);
    const stranger = await book([...SAT, '24B81A0900']);
    expect(codeOf(stranger)).toEqual([409, 'ROWS_REFUSED']);
    expect(stranger.body.detail).toContain('24B81A0900');
    // Who has left by then did not sit it.
    const [{ id }] = await server.as('coordinator').results(`${API}/students/?q=${rollNumber(4)}`);
    await server.as('coordinator').post(`${API}/student-statuses/`, {
      student: id,
      status: 'dropped',
      valid_from: '2026-08-20',
      reason: 'letter',
    });
    expect(codeOf(await book([rollNumber(4)]))).toEqual([409, 'ROWS_REFUSED']);
    expect((await book([rollNumber(4)], { exam_date: '2026-08-19' })).status).toBe(200);
    expect(await branch().results(`${PATH}?course=CS301`)).toHaveLength(1);
  });

  it('are refused for a lab, outside the period, without course or date, and for bodies that are none', async () => {
    for (const change of [
      { course: 'CS381' },
      { course: 'NONE' },
      { exam_date: '2031-01-01' },
      { exam_date: null },
      { course: null },
      { academic_period: 'none' },
      { held_periods: -1 },
      { attended_periods: 0 },
      { held_periods: 41 },
      { kind: 'gift' },
      { reason: '' },
      { roll_numbers: [] },
      { roll_numbers: [rollNumber(0), rollNumber(0)] },
      { roll_numbers: Array.from({ length: 2_001 }, (_, index) => `R${index}`) },
    ]) {
      expect([change, ...codeOf(await book(SAT, change))]).toEqual([change, 400, 'REQUEST_INVALID']);
    }
    expect(await branch().results(PATH)).toEqual([]);
  });

  it('E3: those without an examination, such as NCC, need neither course nor date', async () => {
    const camp = { kind: 'ncc', course: null, exam_date: null, held_periods: 0, attended_periods: 6 };
    expect((await book([rollNumber(2)], camp)).body).toEqual({ booked: 1, existing: 0 });
    expect((await book([rollNumber(2)], camp)).body).toEqual({ booked: 0, existing: 1 });
    const { aggregate } = await aggregateOf(2);
    expect(aggregate.attended_periods).toBeLessThanOrEqual(aggregate.held_periods);
  });

  it('case 158: each student has an audit row of booking and of taking back, with what it was', async () => {
    await book(SAT);
    await takeBack([rollNumber(1)], { reason: 'the sheet was wrong' });
    const rows: Body[] = await server.db
      .knex('attendance_audit_log')
      .join('student', 'student.id', 'attendance_audit_log.student_id')
      .where({ entity_type: 'attendance_credit', roll_number: rollNumber(1) })
      .orderBy('attendance_audit_log.id', 'desc')
      .limit(2);
    expect(rows.map(({ action, reason, actor_role: role }) => [action, reason, role])).toEqual([
      ['take_back', 'the sheet was wrong', 'exam_branch'],
      ['book', 'attendance sheet of hall 3', 'exam_branch'],
    ]);
    expect(rows[0].before).toMatchObject({ held_periods: 2, exam_date: '2026-08-20' });
    expect(rows[1].after).toMatchObject({ held_periods: 2, course_code: 'CS301' });
  });

  it('cases 156, 157: students see their own and book none; nor do faculty', async () => {
    await book(SAT);
    const student = server.as('student', { student: rollNumber(0) });
    expect(await student.results(PATH)).toHaveLength(1);
    const body = { ...OCCASION, roll_numbers: [rollNumber(0)] };
    expect(codeOf(await student.post(PATH, body))).toEqual([403, 'FORBIDDEN']);
    const faculty = server.as('faculty', { faculty: 'F001' });
    expect(codeOf(await faculty.get(PATH))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await faculty.post(`${PATH}take-back/`, body))).toEqual([403, 'FORBIDDEN']);
  });
});
