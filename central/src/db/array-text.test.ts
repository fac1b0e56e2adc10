import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ArrayItem, arrayText, isArrayOfItems } from './array-text.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());

it('is read by PostgreSQL as the same values, whatever they hold', async () => {
  const hostile = [
    '',
    'null',
    'NULL',
    null,
    '"',
    '\\',
    '\\"}, {',
    "x'); DROP TABLE student; --",
    ' a\tb\n',
    '\u0c30',
    '{1,2}',
  ];
  expect(await back(hostile)).toEqual(hostile);
  for (const value of hostile) expect(await back([value, 'beside'])).toEqual([value, 'beside']);
});

async function back(values: readonly ArrayItem[]): Promise<unknown> {
  const { rows } = await db.knex.raw<{ rows: { back: (string | null)[] }[] }>('SELECT ?::text[] AS back', [
    arrayText(values),
  ]);
  return rows[0]?.back;
}

it.each<[string, ArrayItem[]]>([
  ['bigint', [1, null, 9_007_199_254_740_991]],
  ['timestamptz', [new Date('2026-07-07T10:00:00.123Z'), null]],
  ['uuid', ['018f0000-0000-7000-8000-000000000001']],
  ['text', []],
  ['float8', [0.5, Number.NaN, Number.POSITIVE_INFINITY]],
])('brings an array of %s and the driver brings the same', async (type, values) => {
  const { rows } = await db.knex.raw<{ rows: { is_same: boolean }[] }>(
    `SELECT ?::${type}[] IS NOT DISTINCT FROM ?::${type}[] AS is_same`,
    [arrayText(values), values as never],
  );
  expect(rows).toEqual([{ is_same: true }]);
});

it.each([
  [[true]],
  [[Buffer.from('x')]],
  [[['nested']]],
  ['no array'],
  [{}],
])('leaves %j to the driver', (value) => {
  expect(isArrayOfItems(value)).toBe(false);
});
