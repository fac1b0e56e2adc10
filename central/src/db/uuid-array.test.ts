import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ArrayItem } from './array-text.js';
import { createPrepared } from './prepared.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';
import { uuidArray } from './uuid-array.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());

const prepared = createPrepared('uuid_test', 10);

async function back(values: readonly ArrayItem[]): Promise<unknown> {
  const { rows } = await prepared<{ rows: { back: unknown }[] }>(
    db.knex,
    'SELECT array_to_json(?::uuid[]) AS back',
    [values],
  );
  return rows[0]?.back;
}

it.each([0, 1, 1000])('is read by PostgreSQL as the same %d UUIDs, in their order', async (count) => {
  const ids = Array.from({ length: count }, () => randomUUID());
  expect(uuidArray(ids)).toBeInstanceOf(Buffer);
  expect(await back(ids)).toEqual(ids);
});

it('takes digits of either case, and no other characters for digits', async () => {
  const id = '018F0000-abcd-7EF0-8000-0123456789aB';
  expect(await back([id])).toEqual([id.toLowerCase()]);
  for (const digit of ['g', '/', ':', '@', '`', 'é', '\u0c66', '-']) {
    expect(uuidArray([id.replace('F', digit)]), digit).toBeUndefined();
  }
});

it.each<[string, ArrayItem[]]>([
  ['nothing', [null]],
  ['braces', ['{018f0000-0000-7000-8000-000000000001}']],
  ['no dashes', ['018f0000000070008000000000000001']],
  ['dashes elsewhere', ['018f-0000-0000-7000-8000-000000000001']],
])('leaves %s to PostgreSQL', async (_what, values) => {
  const good = randomUUID();
  expect(uuidArray([good, ...values])).toBeUndefined();
  const { rows } = await db.knex.raw<{ rows: { same: unknown }[] }>(
    'SELECT array_to_json(?::uuid[]) AS same',
    [[good, ...values] as never],
  );
  expect(await back([good, ...values])).toEqual(rows[0]?.same);
});

it('is refused by PostgreSQL where it holds no UUIDs', async () => {
  await expect(back([randomUUID(), "x'); DROP TABLE student; --"])).rejects.toThrow('invalid input syntax');
});
