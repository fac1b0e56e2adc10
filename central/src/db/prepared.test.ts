import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { type Database, openDatabase } from './database.js';
import { createPrepared, findByIndex, findFreely } from './prepared.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const STATEMENTS_MAX = 20;
/** Names of its own: those of the process are for what central asks. */
const prepared = createPrepared('test', STATEMENTS_MAX);

const PLUS_ONE = 'SELECT ?::int + 1 AS n';
const KNOWN = 'SELECT generic_plans + custom_plans AS runs FROM pg_prepared_statements WHERE statement = ?';
const SETTINGS = `SELECT current_setting('enable_seqscan') AS seqscan, current_setting('enable_hashjoin') AS hash,
  current_setting('enable_mergejoin') AS merge, current_setting('plan_cache_mode') AS plans`;
const BY_INDEX = { seqscan: 'off', hash: 'off', merge: 'off', plans: 'force_generic_plan' };

describe('a prepared statement', () => {
  it('is parsed once per connection, and answers each time by its own values', async () => {
    await db.knex.transaction(async (trx) => {
      const answers: number[] = [];
      for (const value of [1, 2, 3]) {
        const { rows } = await prepared<{ rows: { n: number }[] }>(trx, PLUS_ONE, [value]);
        answers.push(rows[0]?.n ?? Number.NaN);
      }
      expect(answers).toEqual([2, 3, 4]);
      const { rows } = await trx.raw<{ rows: { runs: number }[] }>(KNOWN, [PLUS_ONE.replace('?', '$1')]);
      expect(rows).toEqual([{ runs: 3 }]);
    });
  });

  it.each([
    'SELECT * FROM student',
    ' select st.* FROM student st',
    'DELETE FROM student RETURNING *',
    'SELECT DISTINCT * FROM student',
    'SELECT 1 AS one, st.* FROM student st',
    'DELETE FROM student RETURNING id, *',
    "WITH known AS (SELECT id FROM student WHERE full_name <> ')') SELECT known.* FROM known",
    'INSERT INTO student (roll_number) SELECT * FROM unnest(?::text[]) RETURNING *',
  ])('names its columns, or the first one that a later version adds would end it: not %s', (sql) => {
    expect(() => prepared(db.knex, sql)).toThrow(/has to name its columns/);
  });

  it.each([
    'SELECT count(*) FROM student',
    'SELECT 2 * ?::int AS n, (SELECT count(*) FROM student) AS students',
    'WITH known AS (SELECT * FROM student) SELECT id FROM known',
    'INSERT INTO judgement_todo (session_id, student_id) SELECT * FROM unnest(?::uuid[], ?::uuid[])',
    'WITH known AS (SELECT * FROM student) DELETE FROM student WHERE false RETURNING id',
  ])('may count, multiply, and read all columns of what is not its answer: %s', async (sql) => {
    const values = [...sql.matchAll(/\?::(\w+)(\[\])?/g)].map(([, , isArray]) => (isArray ? [] : 1));
    await expect(prepared(db.knex, sql, values)).resolves.toBeDefined();
  });

  it('takes its values for values, whatever they hold', async () => {
    const hostile = "x'); DROP TABLE student; --";
    const { rows } = await prepared<{ rows: { text: string }[] }>(db.knex, 'SELECT ?::text AS text', [
      hostile,
    ]);
    expect(rows).toEqual([{ text: hostile }]);
  });

  it('is refused like any other, and the connection goes on', async () => {
    await expect(prepared(db.knex, PLUS_ONE, ['no number'])).rejects.toThrow('invalid input syntax');
    const { rows } = await prepared<{ rows: { n: number }[] }>(db.knex, PLUS_ONE, [4]);
    expect(rows).toEqual([{ n: 5 }]);
  });

  it('beyond the number that is kept still runs', async () => {
    for (let text = 0; text < 30; text++) {
      const { rows } = await prepared<{ rows: { n: number }[] }>(
        db.knex,
        `SELECT ${text} + ?::int AS n`,
        [1],
      );
      expect(rows).toEqual([{ n: text + 1 }]);
    }
    const { rows } = await db.knex.raw<{ rows: { most: number }[] }>(
      "SELECT count(*)::int AS most FROM pg_prepared_statements WHERE name LIKE 'test%'",
    );
    expect(rows[0]?.most).toBeGreaterThan(0);
    expect(rows[0]?.most).toBeLessThanOrEqual(STATEMENTS_MAX);
  });
});

describe('a statement that goes past the query builder', () => {
  let own: Database;
  beforeAll(async () => {
    own = await openDatabase({ url: db.url, log: silentLog, poolMax: 1 });
  });
  afterAll(() => own?.close());

  it('gives its connection back, refused or not', async () => {
    await expect(prepared(own.knex, PLUS_ONE, ['no number'])).rejects.toThrow('invalid input syntax');
    expect(await prepared(own.knex, PLUS_ONE, [1])).toMatchObject({ rows: [{ n: 2 }] });
    expect(await own.knex.transaction((trx) => prepared(trx, PLUS_ONE, [2]))).toMatchObject({
      rows: [{ n: 3 }],
    });
    expect(await prepared(own.knex, PLUS_ONE, [3])).toMatchObject({ rows: [{ n: 4 }] });
  });

  it('says which one was refused, without its values', async () => {
    const refused = prepared(own.knex, PLUS_ONE, ['a value']).catch(
      (error: Error) => error.message.split(' - ')[0],
    );
    expect(await refused).toBe('SELECT $1::int + 1 AS n');
  });

  it('is not asked of a transaction that is over, nor without a value', async () => {
    const trx = await own.knex.transaction();
    await trx.commit();
    await expect(prepared(trx, PLUS_ONE, [1])).rejects.toThrow(/transaction of this statement is over/);
    expect(() => prepared(own.knex, PLUS_ONE, [undefined])).toThrow(/undefined/);
  });

  it('may have the operator that is written as a question mark', async () => {
    const sql = `SELECT '{"a": 1}'::jsonb \\? ?::text AS has`;
    expect(await prepared(own.knex, sql, ['a'])).toMatchObject({ rows: [{ has: true }] });
  });

  it('is answered in its turn where several are asked at once, which the driver allows', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    try {
      const answers = await own.knex.transaction((trx) =>
        Promise.all([1, 2, 3].map((value) => prepared<{ rows: object[] }>(trx, PLUS_ONE, [value]))),
      );
      expect(answers.map(({ rows }) => rows[0])).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
    }
  });

  it('takes those behind it with it when it is refused, and the connection goes on', async () => {
    const insert = 'INSERT INTO campus_note (id) VALUES (?::int)';
    await own.knex.raw('CREATE TABLE campus_note (id int PRIMARY KEY)');
    const all = own.knex.transaction((trx) =>
      Promise.all([1, 1, 2].map((id) => prepared(trx, insert, [id]))),
    );
    await expect(all).rejects.toMatchObject({ code: '23505' });
    expect(await own.knex('campus_note')).toEqual([]);
    await own.knex.raw('DROP TABLE campus_note');
  });
});

describe('finding by index', () => {
  it('ends with its transaction', async () => {
    const before = (await db.knex.raw(SETTINGS)).rows;
    await db.knex.transaction(async (trx) => {
      await findByIndex(trx);
      expect((await trx.raw(SETTINGS)).rows).toEqual([BY_INDEX]);
    });
    expect((await db.knex.raw(SETTINGS)).rows).toEqual(before);
    expect(before).not.toEqual([BY_INDEX]);
  });

  it('ends before, where the rest of the transaction is about many rows', async () => {
    const before = (await db.knex.raw(SETTINGS)).rows;
    await db.knex.transaction(async (trx) => {
      await findByIndex(trx);
      await findFreely(trx);
      expect((await trx.raw(SETTINGS)).rows).toEqual(before);
    });
  });

  it('is how a pool of such statements always does it, without being asked each time', async () => {
    const own = await openDatabase({ url: db.url, log: silentLog, isByIndex: true });
    try {
      expect((await own.knex.raw(SETTINGS)).rows).toEqual([BY_INDEX]);
      const asked: string[] = [];
      own.knex.on('query', ({ sql }: { sql: string }) => asked.push(sql));
      await own.knex.transaction((trx) => findByIndex(trx));
      expect(asked.filter((sql) => sql.includes('set_config'))).toEqual([]);
    } finally {
      await own.close();
    }
  });
});
