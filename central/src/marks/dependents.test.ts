import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findByIndex } from '../db/prepared.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { DEPENDENTS_SQL, withDependents } from './dependents.js';

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
const CLASSES = 100;

let db: TestDatabase;
let pairs: { sessionId: string; studentId: string }[];
beforeAll(async () => {
  db = await openTestDatabase();
  const { knex } = db;
  await seedTestCampus(db, new ManualClock(at('06:00').getTime()));
  await advanceSessions(knex, at('09:55').getTime());
  await knex.raw(
    `INSERT INTO attendance_session (academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date,
       start_at, end_at, policy, reach_from, reach_until, status)
     SELECT academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date,
       start_at + n * interval '1 minute', end_at + n * interval '1 minute', policy, reach_from + n * interval '1 minute',
       reach_until + n * interval '1 minute', 'closed'
     FROM (SELECT * FROM attendance_session WHERE status = 'open' LIMIT 1) s, generate_series(1, ?) n`,
    [CLASSES],
  );
  const { rows } = await knex.raw<{ rows: { sessionId: string; studentId: string }[] }>(
    `SELECT s.id AS "sessionId", st.id AS "studentId" FROM attendance_session s, student st WHERE s.status = 'closed'`,
  );
  pairs = rows;
});
afterAll(() => db?.close());

interface PlanNode {
  'Rows Removed by Join Filter'?: number;
  Plans?: PlanNode[];
}

const removedBelow = (node: PlanNode): number =>
  (node['Rows Removed by Join Filter'] ?? 0) +
  (node.Plans ?? []).reduce((sum, plan) => sum + removedBelow(plan), 0);

it('the classes that depend on many at once are found without comparing each with each', async () => {
  const removed = await db.knex.transaction(async (trx) => {
    await findByIndex(trx);
    const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': [{ Plan: PlanNode }] }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${DEPENDENTS_SQL}`,
      [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)] as never,
    );
    return removedBelow(rows[0]?.['QUERY PLAN'][0].Plan ?? {});
  });
  expect(removed).toBeLessThan(pairs.length);
});

it('every class of the students that follows on the day is judged with the first one', async () => {
  const [first] = pairs;
  const sorted = await db
    .knex('attendance_session')
    .where({ status: 'closed' })
    .orderBy('start_at')
    .pluck('id');
  const all = await withDependents(db.knex, [{ sessionId: sorted[0], studentId: first?.studentId ?? '' }]);
  expect(new Set(all.map(({ sessionId }) => sessionId)).size).toBeGreaterThanOrEqual(CLASSES);
  expect(new Set(all.map(({ studentId }) => studentId))).toEqual(new Set([first?.studentId]));
});
