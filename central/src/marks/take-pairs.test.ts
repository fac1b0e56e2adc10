import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditActor } from '../audit/audit-actor.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { SHARES, type Taken, takePairs, takeThese } from './take-pairs.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());

const SESSIONS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const STUDENTS = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const actor = (accountId: string): AuditActor => ({
  accountId,
  role: 'student',
  ip: '203.0.113.7',
  userAgent: 'phone',
  requestId: 'r-1',
});

async function queue(...rows: [session: number, student: number, actor: AuditActor | null][]) {
  return db
    .knex('judgement_todo')
    .insert(
      rows.map(([session, student, by]) => ({
        session_id: SESSIONS[session],
        student_id: STUDENTS[student],
        actor: by,
      })),
    )
    .returning('id')
    .then((inserted) => inserted.map(({ id }) => id as number));
}

const takeAll = (): Promise<Taken> =>
  db.knex.transaction((trx) => takePairs(trx, 100, { shares: SHARES, afterId: 0 }));

it('case 158: whoever scanned is named, and nobody where something else may have caused the change', async () => {
  await queue([0, 0, actor('a')], [0, 1, actor('b')], [1, 1, null]);
  const taken = await takeAll();
  expect(taken).toMatchObject({ rows: 3, pairs: [{}, {}, {}] });
  expect([...taken.actors]).toEqual([[STUDENTS[0], actor('a')]]);
});

it('a pair that waits twice is one', async () => {
  await queue([0, 0, null], [0, 0, null]);
  expect(await takeAll()).toMatchObject({ rows: 2, pairs: [{ sessionId: SESSIONS[0] }] });
});

it('of rows that are asked for only those are taken that nobody else has', async () => {
  const ids = await queue([0, 0, null], [0, 1, null], [1, 0, null]);
  const other = await db.knex.transaction();
  await takeThese(other, ids.slice(0, 1));
  const taken = await db.knex.transaction((trx) => takeThese(trx, ids.slice(0, 2)));
  expect(taken).toMatchObject({ rows: 1, pairs: [{ studentId: STUDENTS[1] }] });
  await other.rollback();
  expect(await takeAll()).toMatchObject({ rows: 2 });
});
