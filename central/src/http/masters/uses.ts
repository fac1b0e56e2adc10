import type { Knex } from '../../db/database.js';

/** Counting stops here: that something is used a thousand times is enough to know. */
const COUNT_MAX = 1_000;

interface Reference {
  table: string;
  columns: string[];
  types: string[];
}

const COLUMNS_SQL = `unnest(c.conkey) WITH ORDINALITY k (attnum, ord)
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum`;

/** Foreign keys that name the table and would refuse a deletion; partitions speak through their parent. */
const REFERENCES_SQL = `
  SELECT c.conrelid::regclass::text AS "table", (
    SELECT array_agg(a.attname::text ORDER BY k.ord) FROM ${COLUMNS_SQL}
  ) AS columns, (
    SELECT array_agg(format_type(a.atttypid, NULL) ORDER BY k.ord) FROM ${COLUMNS_SQL}
  ) AS types
  FROM pg_constraint c
  WHERE c.confrelid = ?::regclass AND c.contype = 'f' AND c.confdeltype NOT IN ('c', 'n') AND c.conparentid = 0
  ORDER BY 1`;

/**
 * What uses a row, in words with numbers: "12 class sessions"; empty where nothing does. Asked of the
 * database's own foreign keys, so that a table that is added later is not forgotten here.
 *
 * @param key values of the primary key, in the order of its columns
 */
export async function usesOf(trx: Knex, table: string, key: readonly string[]): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: Reference[] }>(REFERENCES_SQL, [table]);
  const uses: string[] = [];
  for (const { table: from, columns, types } of rows) {
    // Compared in the column's own type, so that its index serves.
    const where = columns.map((_column, index) => `?? = ?::${types[index]}`).join(' AND ');
    const bindings = columns.flatMap((column, index) => [column, key[index] ?? '']);
    const found = await trx.raw<{ rows: { n: number }[] }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM ?? WHERE ${where} LIMIT ${COUNT_MAX}) used`,
      [from, ...bindings],
    );
    const count = found.rows[0]?.n ?? 0;
    if (count > 0) uses.push(inWords(count, from));
  }
  return uses;
}

export function inWords(count: number, what: string): string {
  const number = count >= COUNT_MAX ? `${COUNT_MAX} or more` : String(count);
  const words = what.replace(/^attendance_/, '').replaceAll('_', ' ');
  return `${number} × ${words}`;
}
