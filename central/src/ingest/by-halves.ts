import { isDatabaseTransient } from '../db/connection.js';
import type { GoodRow, IngestRow } from './verified-batch.js';

interface Ways<Row extends IngestRow> {
  /** All of these or none: in a transaction or behind a savepoint of its own. */
  store(rows: readonly Row[]): Promise<void>;
  /** What becomes of the one that cannot be stored. */
  refuse(row: Exclude<Row, { kind: 'poison' }> & GoodRow, error: unknown): Promise<void>;
  /** Errors that say nothing about the rows, and end it all. */
  isFatal?(error: unknown): boolean;
}

/**
 * Stores rows together; those that PostgreSQL refuses although they passed every check are found by halving, so that
 * an oversight costs one row and not its neighbors.
 */
export async function storeByHalves<Row extends IngestRow>(
  rows: readonly Row[],
  ways: Ways<Row>,
): Promise<void> {
  if (rows.length === 0) return;
  const { store, refuse, isFatal = isDatabaseTransient } = ways;
  try {
    await store(rows);
  } catch (error) {
    if (isFatal(error)) throw error;
    if (rows.length > 1) {
      const middle = rows.length >> 1;
      await storeByHalves(rows.slice(0, middle), ways);
      await storeByHalves(rows.slice(middle), ways);
      return;
    }
    const [row] = rows;
    if (row === undefined || row.kind === 'poison') throw error;
    await refuse(row as Exclude<Row, { kind: 'poison' }> & GoodRow, error);
  }
}
