import type { Request } from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal } from '../auth/principal.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { problemOf } from './problem.js';
import { writeAs } from './write-as.js';

const writer = {
  principal: { accountId: null, grants: [] } as unknown as Principal,
  request: { headers: {}, ip: '203.0.113.7' } as Request,
};
const deadlock = () => Object.assign(new Error('deadlock detected'), { code: '40P01' });

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await db.knex.schema.createTable('written', (table) => table.text('word'));
});
afterAll(() => db?.close());

it('repeats what was undone for another transaction, and keeps nothing of the first time', async () => {
  let times = 0;
  const answer = await writeAs(db.knex, writer, async (trx) => {
    times += 1;
    await trx('written').insert({ word: `time ${times}` });
    if (times === 1) throw deadlock();
    return times;
  });
  expect(answer).toBe(2);
  expect(await db.knex('written').pluck('word')).toEqual(['time 2']);
});

it('repeats it once, and then says what it was instead of a database that is gone', async () => {
  let times = 0;
  const written = writeAs(db.knex, writer, async () => {
    times += 1;
    throw deadlock();
  });
  const error = await written.catch((reason: unknown) => reason);
  expect(times).toBe(2);
  expect(problemOf(error)).toMatchObject({ status: 503, code: 'CONCURRENT_CHANGE' });
});

it('repeats nothing else', async () => {
  let times = 0;
  const written = writeAs(db.knex, writer, async () => {
    times += 1;
    throw Object.assign(new Error('gone'), { code: '57P01' });
  });
  await expect(written).rejects.toThrow('gone');
  expect(times).toBe(1);
});
