import { arrayText, isArrayOfItems } from './array-text.js';
import type { DriverConnection } from './connection.js';
import { BY_INDEX, type Knex, plansByIndex } from './database.js';
import { uuidArray } from './uuid-array.js';

/** Statements that a process prepares; each keeps its plan in every connection. What comes later runs unprepared. */
const STATEMENTS_MAX = 200;

const ALL_COLUMNS = /^\s*(DISTINCT\s+)?(\w+\.)?\*/i;

export type Prepared = <Result>(knex: Knex, sql: string, bindings?: readonly unknown[]) => Promise<Result>;

/**
 * @param prefix of the names: a connection knows each for one text
 * @param statementsMax different texts that get a name
 */
export function createPrepared(prefix: string, statementsMax: number): Prepared {
  const statements = new Map<string, Statement>();

  function statementOf(sql: string): Statement | undefined {
    const known = statements.get(sql);
    if (known !== undefined || statements.size >= statementsMax) return known;
    if (answersAllColumns(sql)) throw new Error(`a prepared statement has to name its columns: ${sql}`);
    const text = positional(sql);
    const statement = { name: `${prefix}_${statements.size + 1}`, text, uuidArrays: uuidArraysOf(text) };
    statements.set(sql, statement);
    return statement;
  }

  return <Result>(knex: Knex, sql: string, bindings: readonly unknown[] = []) => {
    const statement = statementOf(sql);
    const values = bindings.map((value, index) => {
      if (!isArrayOfItems(value)) return value;
      return (statement?.uuidArrays.has(index) === true ? uuidArray(value) : undefined) ?? arrayText(value);
    });
    if (statement === undefined)
      return knex.raw<Result>(sql, values as never).then((result) => result as Result);
    if (values.includes(undefined)) throw new Error(`a binding of a prepared statement is undefined: ${sql}`);
    return ask(knex, { name: statement.name, text: statement.text, values }, sql) as Promise<Result>;
  };
}

interface Statement {
  /** By which a connection knows it. */
  name: string;
  /** As PostgreSQL takes it, with `$1` for the first binding. */
  text: string;
  /** Indices of the bindings that are arrays of UUIDs. */
  uuidArrays: ReadonlySet<number>;
}

type Query = Pick<Statement, 'name' | 'text'> & { values: unknown[] };

/** What knex writes on the connection of a transaction, and tells whoever listens to its statements. */
interface OfTransaction {
  __knexTxId?: string | undefined;
}

/** What knex has behind it: the driver's connection, of the transaction or from the pool. */
interface Client {
  acquireConnection(): Promise<DriverConnection & OfTransaction>;
  releaseConnection(connection: DriverConnection): Promise<void>;
  emit(event: 'query', query: { sql: string; bindings: unknown[] } & OfTransaction): void;
}

/**
 * Past knex, which makes an object of a statement, looks for bindings in its text and listens to what becomes of it: half as much
 * again as the driver's own work for a statement of a scan (ADR 64).
 */
async function ask(knex: Knex, query: Query, sql: string): Promise<unknown> {
  const client: Client = knex.client;
  if (knex.isTransaction === true && (knex as Knex.Transaction).isCompleted())
    throw new Error(`the transaction of this statement is over: ${sql}`);
  const connection = await client.acquireConnection();
  client.emit('query', { sql, bindings: query.values, __knexTxId: connection.__knexTxId });
  try {
    return await connection.query(query);
  } catch (error) {
    // As knex does: "deadlock detected" alone says nothing. Values are in no text.
    if (error instanceof Error) error.message = `${query.text} - ${error.message}`;
    throw error;
  } finally {
    void client.releaseConnection(connection);
  }
}

/** Knex writes `?` for a binding, and `\\?` for the operator. */
function positional(sql: string): string {
  let bindings = 0;
  return sql.replaceAll(/\\?\?/g, (found) => {
    if (found !== '?') return '?';
    bindings += 1;
    return `$${bindings}`;
  });
}

const uuidArraysOf = (text: string): ReadonlySet<number> =>
  new Set([...text.matchAll(/\$(\d+)::uuid\[\]/g)].map(([, number]) => Number(number) - 1));

/**
 * PostgreSQL refuses a prepared statement for ever whose answer gets more columns: a later central may add some (ADR 61).
 * What stands in parentheses, or is inserted, is not the answer.
 */
function answersAllColumns(sql: string): boolean {
  let outer = sql.replaceAll(/'[^']*'|--[^\n]*/g, '');
  for (let before = ''; before !== outer; ) {
    before = outer;
    outer = outer.replaceAll(/\([^()]*\)/g, '');
  }
  const returned = /\bRETURNING\b(.*)$/is.exec(outer);
  const selected = /\bINSERT\b/i.test(outer) ? null : /\bSELECT\b(.*?)(?:\bFROM\b|$)/is.exec(outer);
  return ((returned ?? selected)?.[1] ?? '').split(',').some((column) => ALL_COLUMNS.test(column));
}

/**
 * Runs a statement that PostgreSQL parses and plans once per connection: for the statements of every tap, scan and mark,
 * whose planning costs more than their work. The text must be one of few: what varies goes into the bindings.
 *
 * @param sql with `?` for each binding, as `knex.raw` takes it
 */
export const prepared: Prepared = createPrepared('rollcall', STATEMENTS_MAX);

/**
 * For the rest of the transaction every row is found by an index where there is one, one row of a join after the other, and
 * prepared statements keep one plan whatever the number of rows. A plan that was made while a table was nearly empty (the
 * first scans of a first day) would else read the whole of it ever after, by its index if not without, to join it in one go.
 */
export async function findByIndex(trx: Knex): Promise<void> {
  if (plansByIndex(trx)) return;
  const settings = Object.entries(BY_INDEX).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  await prepared(trx, `SELECT ${settings.join(', ')}`);
}

/** Ends what {@link findByIndex} began: for statements about many rows that are planned for their number. */
export async function findFreely(trx: Knex): Promise<void> {
  await trx.raw(
    Object.keys(BY_INDEX)
      .map((name) => `SET LOCAL ${name} TO DEFAULT`)
      .join('; '),
  );
}

/**
 * `EXISTS`, asked for one row after the other: for many of them the planner would read the whole table into memory once,
 * which is cheaper while it is small.
 *
 * @param from what follows FROM, with its condition
 */
export const isThere = (from: string): string => `coalesce((SELECT true FROM ${from} LIMIT 1), false)`;
