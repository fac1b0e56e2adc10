import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { occupySlots } from '../calendar/occupy-slot.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { occupySessions } from '../sessions/occupy.js';
import { readMigrations } from './migrate.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, new ManualClock(Date.parse('2026-07-07T06:00+05:30')));
});
afterAll(() => db.close());

/** What a database of before has: everything but occupancy. */
async function backfill(): Promise<void> {
  const migrations = await readMigrations();
  const sql = migrations.find(({ name }) => name === '0019_occupancy_and_indexes.sql')?.sql ?? '';
  await db.knex('slot_occupancy').delete();
  await db.knex('session_occupancy').delete();
  await db.knex.transaction((trx) => trx.raw(sql));
}
const occupied = (table: 'slot_occupancy' | 'session_occupancy') => db.knex(table).orderByRaw('1, 2, 3, 4');

it('cases 65, 66: a stored timetable and its class sessions occupy what they would if they were made today', async () => {
  await backfill();
  const backfilled = [await occupied('slot_occupancy'), await occupied('session_occupancy')];
  await occupySlots(db.knex, await db.knex('attendance_timetable_slot').pluck('id'));
  await occupySessions(db.knex, await db.knex('attendance_session').pluck('id'));
  expect(backfilled.map(({ length }) => length)).toEqual([6, 6]);
  expect(backfilled).toEqual([await occupied('slot_occupancy'), await occupied('session_occupancy')]);
});

it('cases 65, 66: of two stored slots that clash the second is only listed, and a person is told', async () => {
  await db.knex.raw(
    `INSERT INTO attendance_timetable_slot (id, academic_period_id, section_id, course_code, faculty_code, room_id,
       day_of_week, start_time, end_time, slot_type, timetable_version_id)
     SELECT 'later', academic_period_id, section_id, course_code, faculty_code, 'r102', day_of_week, '10:30', '10:45',
       slot_type, timetable_version_id FROM attendance_timetable_slot WHERE id = 'cse-a-tue-1000'`,
  );
  await backfill();
  expect(
    await db
      .knex('slot_occupancy')
      .where({ slot_id: 'later' })
      .orderBy('kind')
      .select('kind', 'resource_id', 'is_enforced'),
  ).toEqual([
    { kind: 'faculty', resource_id: 'F001', is_enforced: false },
    { kind: 'group', resource_id: 'cse-a', is_enforced: false },
    { kind: 'room', resource_id: 'r102', is_enforced: true },
  ]);
  expect(await db.knex('exception_item').where({ code: 'CLASH' }).select('message', 'detail')).toEqual([
    {
      message:
        'The timetable slot later clashes with cse-a-tue-1000: they need the same faculty F001, group cse-a',
      detail: { slot_id: 'later', others: ['cse-a-tue-1000'] },
    },
  ]);
});
