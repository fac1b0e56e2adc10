import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { seedTestCampus } from '../seed/test-campus.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
  await seedTestCampus(db, new ManualClock(Date.UTC(2026, 6, 7)));
});
afterAll(() => db?.close());

it.each([
  ['roster of a group', "section_id = 's' AND valid_during @> '2026-07-07'::date"],
  ['groups of a student', "student_id = gen_random_uuid() AND valid_during @> '2026-07-07'::date"],
])('the %s is never looked for in the index of the constraint', async (_what, condition) => {
  await db.knex.transaction(async (trx) => {
    await trx.raw('SET LOCAL enable_seqscan = off');
    const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(
      `EXPLAIN SELECT student_id, section_id FROM roster_membership WHERE ${condition}`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('roster_membership_');
    expect(plan).not.toContain('_excl');
  });
});
