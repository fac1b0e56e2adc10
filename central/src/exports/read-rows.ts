import type { Knex } from '../db/database.js';

/** Rows in memory at a time. */
const ROWS_PER_FETCH = 2_000;

/**
 * Rows of a query as they are wanted, from a cursor in the caller's transaction: all of them are of its snapshot.
 *
 * @param name of the cursor, unique within the transaction; a plain identifier
 */
export async function* readRows<Row>(
  trx: Knex,
  name: string,
  { sql, bindings }: { sql: string; bindings: readonly unknown[] },
): AsyncGenerator<Row> {
  await trx.raw(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`, bindings as never);
  for (;;) {
    const { rows } = await trx.raw<{ rows: Row[] }>(`FETCH ${ROWS_PER_FETCH} FROM ${name}`);
    yield* rows;
    if (rows.length < ROWS_PER_FETCH) break;
  }
  await trx.raw(`CLOSE ${name}`);
}
