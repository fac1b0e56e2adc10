import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { refreshOutlook } from './outlook.js';

/** Tuesday 7 July 2026 on campus; the period has 26 Tuesdays from then on, each with two classes. */
const clock = new ManualClock(Date.parse('2026-07-07T06:00+05:30'));

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, clock);
});
afterAll(() => db?.close());

const outlook = async (): Promise<Record<string, number>> => {
  await refreshOutlook(db.knex, clock.wallMs());
  const rows = await db
    .knex('course_outlook')
    .orderBy('course_code')
    .select('course_code', 'remaining_periods');
  return Object.fromEntries(rows.map((row) => [row.course_code, row.remaining_periods]));
};

it('case 149: counts what the timetable still plans, today included', async () => {
  expect(await outlook()).toEqual({ CS301: 26, CS302: 26 });
  expect(await db.knex('course_outlook').first('section_id', 'from_date')).toEqual({
    section_id: 'cse-a',
    from_date: '2026-07-07',
  });
});

it('leaves out holidays and cancelled classes, and counts a lab by its periods', async () => {
  await db.knex('attendance_holiday').insert({ campus_id: 'main', name: 'Bonalu', date: '2026-07-14' });
  await db.knex('attendance_session').where({ course_code: 'CS301' }).update({ status: 'cancelled' });
  expect(await outlook()).toEqual({ CS301: 24, CS302: 25 });
  await db.knex('attendance_timetable_slot').where({ course_code: 'CS302' }).update({ period_count: 3 });
  // The class of today is made already and has one.
  expect(await outlook()).toEqual({ CS301: 24, CS302: 24 * 3 + 1 });
});

it('has nothing of a period that is over', async () => {
  clock.stepWall(Date.parse('2027-01-05T06:00+05:30') - clock.wallMs());
  expect(await outlook()).toEqual({});
});
