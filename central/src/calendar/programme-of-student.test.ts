import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, TestServer } from '../http/test-server.js';
import { warnStudentsJob } from '../jobs/warn-students.js';
import { settingsOfStudent } from '../leave/settings-of-student.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';

const PERIOD = '2026-odd';
const TODAY = '2026-07-07';
/** Of the aggregate; 80 percent are enough in one programme, and not in the other. */
const THRESHOLDS = { btech: 60, mtech: 90 };

let server: TestServer;
let student: string;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await server.tokenOf('student', { student: rollNumber(0) });
  const found = await knex('student')
    .where({ roll_number: rollNumber(0) })
    .first('id');
  student = found.id;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('programme').insert(['btech', 'mtech'].map((id) => ({ id, department_id: 'cse', name: id })));
  await knex('section').where({ id: 'cse-a' }).update({ programme_id: 'btech' });
  await knex('section').insert({ id: 'cse-m', name: 'CSE-M', programme_id: 'mtech' });
  await knex('section').insert([
    { id: 'cse-m-1', name: 'CSE-M 1', kind: 'batch', parent_id: 'cse-m' },
    { id: 'robots', name: 'Robots', kind: 'elective', programme_id: 'mtech', course_code: 'CS302' },
  ]);
  const counters = {
    student_id: student,
    academic_period_id: PERIOD,
    held_periods: 10,
    attended_periods: 8,
  };
  await knex('aggregate_statistics').insert(counters);
  await knex('attendance_statistics').insert({
    ...counters,
    section_id: 'cse-a',
    course_code: 'CS301',
    present_count: 8,
    absent_count: 2,
  });
  for (const [programme, value] of Object.entries(THRESHOLDS)) {
    await knex('attendance_configuration').insert({
      key: 'ATTENDANCE_THRESHOLD_PERCENT',
      data_type: 'integer',
      value: String(value),
      scope_kind: 'programme',
      scope_id: programme,
      effective_from: '-infinity',
    });
  }
});
afterAll(() => server?.stop());
beforeEach(async () => {
  const { knex } = server.db;
  for (const table of ['notification', 'attendance_warning', 'statistics_todo']) await knex(table).delete();
  await knex('roster_membership').where({ student_id: student }).delete();
  server.goTo('12:00');
});

/** Memberships in the order in which they were stored, by group: from when until before when. */
async function isIn(memberships: readonly (readonly [string, string])[]): Promise<void> {
  for (const [section_id, valid_during] of memberships) {
    await server.db.knex('roster_membership').insert({ student_id: student, section_id, valid_during });
  }
}

/** What each list that compares the aggregate says that its threshold is. */
async function reported(): Promise<unknown[]> {
  const { body } = await server.get(`${API}/statistics/student-summary/?student_id=${rollNumber(0)}`);
  const [listed] = await server.results(`${API}/reports/exam-eligibility/`);
  const overview = await server.get(`${API}/statistics/overview/`);
  const pool = overview.body.aggregate.standings.enough === 1 ? THRESHOLDS.btech : THRESHOLDS.mtech;
  return [body.aggregate.threshold_percent, listed?.threshold_percent, pool];
}

async function warned(): Promise<unknown> {
  await warnStudentsJob.run({ db: server.db, clock: server.clock, log: silentLog });
  const { body } = await server
    .as('student', { student: rollNumber(0) })
    .get(`${API}/notifications/?kind=attendance_warning`);
  return body.results[0]?.body.threshold_percent;
}

async function ofStudent(): Promise<number> {
  const asked = { studentId: student, date: TODAY, nowMs: server.clock.wallMs() };
  return (await settingsOfStudent(server.db.knex, asked)).ATTENDANCE_THRESHOLD_PERCENT;
}

describe('the programme of a student (A10.33)', () => {
  it.each([
    [
      'the one of today, although the next one is stored already',
      'btech',
      [
        ['cse-a', `[2026-07-01,2026-12-01)`],
        ['cse-m', `[2026-12-01,)`],
      ],
    ],
    [
      'the one of today, although an earlier one was written down later',
      'mtech',
      [
        ['cse-m', `[${TODAY},)`],
        ['cse-a', `[2026-07-01,${TODAY})`],
      ],
    ],
    ['the one of a membership with an end', 'mtech', [['cse-m', '[2026-07-01,2026-12-31)']]],
    ['the section’s, of who is in a batch alone', 'mtech', [['cse-m-1', '[2026-07-01,)']]],
    [
      'not that of an elective’s group',
      'btech',
      [
        ['cse-a', '[2026-07-01,)'],
        ['robots', '[2026-07-01,)'],
      ],
    ],
    [
      'the last one, of who has left',
      'mtech',
      [
        ['cse-m', '[2026-07-03,2026-07-05)'],
        ['cse-a', '[2026-07-01,2026-07-03)'],
      ],
    ],
  ] as const)('case 148: is %s, in every list and in the warning', async (_which, programme, memberships) => {
    await isIn(memberships);
    const threshold = THRESHOLDS[programme];
    expect(await reported()).toEqual([threshold, threshold, threshold]);
    expect(await warned()).toBe(threshold);
    expect(await ofStudent()).toBe(threshold);
  });

  it('case 144: of a period that is over it is the one of its last day', async () => {
    await isIn([
      ['cse-a', '[2026-07-01,2027-01-05)'],
      ['cse-m', '[2027-01-05,)'],
    ]);
    const before = server.clock.wallMs();
    server.clock.stepWall(Date.parse('2027-02-01T12:00:00+05:30') - before);
    const later = await reported();
    server.clock.stepWall(before - server.clock.wallMs());
    expect(later).toEqual([60, 60, 60]);
  });
});
