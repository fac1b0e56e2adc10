import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { rollNumber, seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { CAPTURES_SQL } from './load-captures.js';
import { storePunches } from './test-punches.js';

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
/** Several pages of the table, as a first morning leaves them. */
const PUNCHES = 8_000;
const SESSIONS = 200;
const PAIRS = 4_000;

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

describe('the evidence of pairs', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTestCampus(db, new ManualClock(at('06:00').getTime()));
    await advanceSessions(db.knex, at('09:55').getTime());
  });
  afterAll(() => db?.close());

  it('is found by its index even while statistics still say that no punch exists', async () => {
    const { knex } = db;
    // With a campus' worth of class sessions, the planner has joins to choose from.
    await knex.raw(
      `INSERT INTO attendance_session (academic_period_id, section_id, course_code, faculty_code, room_id,
         scheduled_date, start_at, end_at, policy, reach_from, reach_until)
       SELECT academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date, start_at, end_at,
         policy, reach_from, reach_until
       FROM attendance_session, generate_series(1, ?) WHERE status = 'open'`,
      [SESSIONS],
    );
    await knex.raw('ANALYZE');
    await storePunches(
      knex,
      Array.from({ length: PUNCHES }, (_, n) => ({ rollNumber: rollNumber(n % 3), at: at('10:00') })),
    );
    const sessions = await knex('attendance_session').pluck('id');
    const students = await knex('student').pluck('id');
    const anyOf = <T>(ids: T[]) => Array.from({ length: PAIRS }, (_, n) => ids[n % ids.length]);
    const { rows } = await knex.raw<{ rows: { 'QUERY PLAN': [{ Plan: PlanNode }] }[] }>(
      `EXPLAIN (FORMAT JSON) ${CAPTURES_SQL}`,
      [
        anyOf(sessions),
        anyOf(students),
        anyOf([at('09:30')]),
        anyOf([at('10:55')]),
        '2026-07-01',
        '2026-07-01',
      ] as never,
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan === undefined) throw new Error('EXPLAIN gave no plan');
    const nodes = nodesOf(plan);
    // A partition without a single page may be scanned: that costs nothing.
    const [filled] = await knex('punch').distinct(knex.raw('tableoid::regclass::text AS name'));
    const scans = nodes
      .filter((node) => node['Relation Name'] === filled?.name)
      .map((node) => node['Node Type']);
    expect(scans).not.toEqual([]);
    expect(scans).not.toContain('Seq Scan');
    // Through the student: a scan of everything in the time of the class would be of this index, too.
    const searches = nodes.filter((node) => node['Index Name']?.endsWith('student_id_effective_at_idx'));
    const conditions = searches.map((node) => node['Index Cond']);
    expect(conditions.length).toBeGreaterThan(0);
    for (const condition of conditions) expect(condition).toMatch(/student_id = pair/);
  });
});
