import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findByIndex } from '../db/prepared.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { DUE_SQL } from './fold.js';

/** Tuesday 7 July 2026 on campus, while a class goes on. */
const NOW_MS = new Date('2026-07-07T10:00+05:30').getTime();

interface PlanNode {
  'Relation Name'?: string;
  'Actual Loops': number;
  'Actual Rows': number;
  Plans?: PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  const clock = new ManualClock(NOW_MS);
  await seedTestCampus(db, clock);
  await advanceSessions(db.knex, NOW_MS);
  await createJudge({ db, clock, log: silentLog }).run();
});
afterAll(() => db?.close());

it('a class and its groups are looked up once for all of its records', async () => {
  const [classes, records] = await Promise.all(
    ['DISTINCT session_id', '*'].map(async (what) => {
      const { rows } = await db.knex.raw(`SELECT count(${what})::int AS n FROM attendance_record`);
      return rows[0].n as number;
    }),
  );
  const plan = await db.knex.transaction(async (trx) => {
    await findByIndex(trx);
    const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': [{ Plan: PlanNode }] }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON)
       WITH pair AS MATERIALIZED (SELECT session_id, student_id FROM attendance_record) ${DUE_SQL}`,
    );
    return rows[0]?.['QUERY PLAN'][0].Plan;
  });
  if (plan === undefined) throw new Error('EXPLAIN gave no plan');
  expect(plan['Actual Rows']).toBe(records);
  expect(records).toBeGreaterThan(classes as number);
  const lookUps = nodesOf(plan)
    .filter((node) => ['attendance_session', 'session_section'].includes(node['Relation Name'] ?? ''))
    .filter((node) => node['Actual Loops'] > 0)
    .map((node) => [node['Relation Name'], node['Actual Loops']]);
  expect(lookUps.sort()).toEqual([
    ['attendance_session', classes],
    ['session_section', classes],
  ]);
});
