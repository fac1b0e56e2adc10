import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber, seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';
import { checkIntegrity } from './check-integrity.js';

const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
const clock = new ManualClock(at('06:00').getTime());

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, clock);
  await db
    .knex('attendance_configuration')
    .insert({ key: 'AUTO_CLOSE_SESSIONS', value: 'false', data_type: 'boolean' });
  await db.knex('attendance_session').where({ course_code: 'CS302' }).update({ status: 'cancelled' });
});
afterAll(() => db?.close());

const goTo = (time: string): void => clock.stepWall(at(time).getTime() - clock.wallMs());
const advance = () => advanceSessions(db.knex, clock.wallMs());
const judge = () => createJudge({ db, clock, log: silentLog }).run();
const check = () => checkIntegrity(db.knex, clock.wallMs());
const session = () => db.knex('attendance_session').where({ course_code: 'CS301' }).first();
const marks = () =>
  db
    .knex('attendance_record')
    .join('student', 'student.id', 'student_id')
    .orderBy('roll_number')
    .pluck('mark');

it('A10.35: a class left open is closed after an hour, and its absences come when it is final', async () => {
  goTo('09:55');
  await advance();
  await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
  goTo('11:54');
  await judge();
  expect(await check()).toMatchObject({ closed: 0 });
  goTo('11:56');
  expect(await check()).toMatchObject({ closed: 1 });
  await judge();
  expect(await marks()).toEqual(['present', 'pending', 'pending']);
  await db.knex('attendance_biometric_device').update({ complete_through: at('11:56') });
  await advance();
  await judge();
  expect(await session()).toMatchObject({ status: 'finalized', auto_closed: true });
  expect(await marks()).toEqual(['present', 'absent', 'absent']);
  expect(await check()).toEqual({ closed: 0, tallies: 0, records: 0 });
});

it('a tally that differs from its marks is made right and told', async () => {
  await db
    .knex('session_tally')
    .where({ session_id: (await session()).id })
    .update({ absent: 7 });
  expect(await check()).toMatchObject({ tallies: 1 });
  expect(
    await db
      .knex('session_tally')
      .where({ session_id: (await session()).id })
      .first(),
  ).toMatchObject({ absent: 2 });
  const [item] = await db.knex('exception_item').where({ code: 'TALLY_DIFFERS' });
  expect(item.detail).toMatchObject({ was: { absent: 7 }, counted: { absent: 2 } });
});

it('a student on the roster of a final class without a mark is judged', async () => {
  const { id } = await session();
  await db.knex('attendance_record').where({ session_id: id, mark: 'absent' }).delete();
  await db.knex('session_tally').where({ session_id: id }).update({ absent: 0 });
  expect(await check()).toMatchObject({ tallies: 0, records: 2 });
  await judge();
  expect(await marks()).toEqual(['present', 'absent', 'absent']);
  expect(await check()).toMatchObject({ tallies: 0, records: 0 });
});
