import type { Database } from '@rollcall/central/db/database';

/** A table that rows are inserted into with nothing else done, and which of the real table's columns they fill. */
export interface BareTable {
  name: string;
  /** The table that has the rows. */
  like: string;
  /** What is copied of it: `LIKE punch INCLUDING INDEXES`. */
  definition: string;
  columns: readonly string[];
}

export interface BareRows {
  table: BareTable;
  statement: string;
  /** One array for each column. */
  bindings: (string | null)[][];
}

export async function createBareTable({ knex }: Database, { name, definition }: BareTable): Promise<void> {
  await knex.raw(`CREATE TABLE ${name} (${definition})`);
}

/**
 * Rows that the real operation stored, read back with every value ready, as arrays for one multi-row
 * `INSERT … unnest`.
 *
 * @param where condition and order, with its bindings
 */
export async function readBareRows(
  { knex }: Database,
  table: BareTable,
  where: { sql: string; bindings: readonly (string | number | Date)[] },
): Promise<BareRows> {
  const { columns, like, name } = table;
  const types = await columnTypes({ knex }, like);
  const { rows } = await knex.raw<{ rows: Record<string, string | null>[] }>(
    `SELECT ${columns.map((column) => `${column}::text`).join(', ')} FROM ${like} WHERE ${where.sql}`,
    where.bindings as never,
  );
  return {
    table,
    statement: `INSERT INTO ${name} (${columns.join(', ')})
      SELECT * FROM unnest(${columns.map((column) => `?::text[]::${types.get(column)}[]`).join(', ')})`,
    bindings: columns.map((column) => rows.map((row) => row[column] ?? null)),
  };
}

/** These rows alone, from one place of the arrays to another. */
export function partOf(rows: BareRows, from: number, until: number): BareRows {
  return { ...rows, bindings: rows.bindings.map((values) => values.slice(from, until)) };
}

export const countOf = ({ bindings }: BareRows): number => bindings[0]?.length ?? 0;

async function columnTypes({ knex }: Pick<Database, 'knex'>, table: string): Promise<Map<string, string>> {
  const { rows } = await knex.raw<{ rows: { name: string; type: string }[] }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = ?::regclass AND attnum > 0`,
    [table],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}
