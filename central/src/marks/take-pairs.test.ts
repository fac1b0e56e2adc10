import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditActor } from '../audit/audit-actor.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { pairKey } from './pair.js';
import { actorsWaiting, SHARES, type Taken, takeOfClass, takePairs, takeThese } from './take-pairs.js';

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

it('case 158: whoever scanned is known by the pair, also where its card waits beside the scan', async () => {
  await queue([0, 0, actor('a')], [0, 1, actor('b')], [0, 1, null], [1, 1, null]);
  const taken = await takeAll();
  expect(taken).toMatchObject({ rows: 4, pairs: [{}, {}, {}] });
  expect([...taken.actors.values()]).toEqual([actor('a'), actor('b')]);
});

it('who judges some pairs for a person sees whose evidence waits for them, also what a judge has taken, and takes nothing', async () => {
  const ids = await queue([0, 0, actor('a')], [0, 0, null], [0, 1, null], [1, 0, actor('c')], [1, 1, null]);
  const pairs = [
    { sessionId: SESSIONS[0] ?? '', studentId: STUDENTS[0] ?? '' },
    { sessionId: SESSIONS[0] ?? '', studentId: STUDENTS[1] ?? '' },
    { sessionId: SESSIONS[1] ?? '', studentId: STUDENTS[1] ?? '' },
  ];
  const judge = await db.knex.transaction();
  await takeThese(judge, ids.slice(0, 1));
  const waiting = await db.knex.transaction((trx) => actorsWaiting(trx, pairs));
  await judge.rollback();
  expect([...waiting]).toEqual(pairs.map((pair, index) => [pairKey(pair), index === 0 ? actor('a') : null]));
  expect(await takeAll()).toMatchObject({ rows: ids.length });
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

it('of classes that are left out nothing is taken, whoever asks', async () => {
  const [first, second] = SESSIONS as [string, string];
  const ids = await queue([0, 0, null], [1, 0, null], [0, 1, null], [1, 1, null]);
  const { knex } = db;
  const taken = await knex.transaction((trx) =>
    takePairs(trx, 1, { shares: SHARES, afterId: 0 }, [first, STUDENTS[0] as string]),
  );
  expect(taken.idsByClass()).toEqual(new Map([[second, [ids[1]]]]));
  const asked = await knex.transaction((trx) => takeThese(trx, ids, [first]));
  expect(asked.idsByClass()).toEqual(new Map([[second, [ids[3]]]]));
  const alone = await knex.transaction((trx) => takeOfClass(trx, first, 1));
  expect(alone).toMatchObject({ rows: 1, lastId: ids[0] });
  expect((await takeAll()).idsByClass()).toEqual(new Map([[first, [ids[2]]]]));
});
