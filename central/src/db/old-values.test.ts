import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMigrations } from './migrate.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

const FIRST = '0063_student_status.sql';
const SECOND = '0064_attendance_credit_once.sql';

let db: TestDatabase;
/** A database of before both migrations. */
beforeAll(async () => {
  db = await openTestDatabase();
  await db.knex.raw('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  for (const { name, sql } of await readMigrations()) if (name < FIRST) await db.knex.raw(sql);
  await db.knex.raw(`
    INSERT INTO campus (id, name) VALUES ('main', 'Main');
    INSERT INTO academic_period (id, campus_id, name, starts_on, ends_on)
      VALUES ('2026-odd', 'main', 'Odd', '2026-07-01', '2026-12-31');
    INSERT INTO student (roll_number, full_name, status)
      VALUES ('S1', 'One', 'active'), ('S2', 'Two', 'dropped'), ('S3', 'Three', 'suspended');
    INSERT INTO faculty (code, full_name, status) VALUES ('F1', 'One', 'active'), ('F2', 'Two', 'retired');
    INSERT INTO attendance_credit (student_id, academic_period_id, kind, attended_periods, held_periods, reason)
      SELECT id, '2026-odd', 'ncc', periods, periods, 'camp' FROM student, generate_series(1, 3) AS periods
      WHERE roll_number = 'S1'`);
  const migrations = await readMigrations();
  for (const { name, sql } of migrations) if (name === FIRST || name === SECOND) await db.knex.raw(sql);
});
afterAll(() => db?.close());

it('case 158: the status that a student or faculty member had is in the audit log when its column goes', async () => {
  const rows = await db
    .knex('attendance_audit_log')
    .where({ action: 'status_taken_over' })
    .orderBy('id')
    .select('entity_type', 'entity_id', 'student_id', 'before');
  const two = await db.knex('student').where({ roll_number: 'S2' }).first('id');
  expect(rows).toHaveLength(3);
  expect(rows).toContainEqual({
    entity_type: 'student',
    entity_id: two.id,
    student_id: two.id,
    before: { status: 'dropped' },
  });
  expect(rows[2]).toEqual({
    entity_type: 'faculty',
    entity_id: 'F2',
    student_id: null,
    before: { status: 'retired' },
  });
});

it('case 73: credits that were booked by hand more than once stay, and the next ones are booked once', async () => {
  const credits = await db.knex('attendance_credit').orderBy('copy').select('copy', 'exam_date');
  expect(credits).toEqual([0, 1, 2].map((copy) => ({ copy, exam_date: null })));
  const { rowCount } = await db.knex.raw(
    `INSERT INTO attendance_credit (student_id, academic_period_id, kind, attended_periods, held_periods, reason)
     SELECT id, '2026-odd', 'ncc', 1, 1, 'camp' FROM student WHERE roll_number IN ('S1', 'S2') ON CONFLICT DO NOTHING`,
  );
  expect(rowCount).toBe(1);
});
