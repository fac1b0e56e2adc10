import { RollcallError } from '@rollcall/protocol/errors';
import type { Database } from './open.js';

/** Words of a table's declaration, and those that take their place. */
export interface TableRewrite {
  table: string;
  from: string;
  to: string;
}

/** What is in the way of a rewrite, in words: somebody changed the table by hand. Undefined where nothing is. Only reads. */
export function hindranceTo(db: Database, { table, from }: TableRewrite): string | undefined {
  if (declarationOf(db, table).split(from).length === 2) return undefined;
  return `the table ${table} was changed by hand: its declaration does not hold "${from}" once`;
}

/**
 * Changes words of a table's declaration that say nothing about how its rows lie in the file (a CHECK that allows the
 * same values, AUTOINCREMENT), without copying the rows: an outbox may hold a gigabyte. In the caller's transaction.
 *
 * @throws RollcallError `STORE_CORRUPT` where the declaration does not hold exactly these words once: whoever relies on the change
 *   must not go on. Nothing has been changed by then.
 */
export function rewriteTable(db: Database, rewrite: TableRewrite): void {
  const { table, from, to } = rewrite;
  const hindrance = hindranceTo(db, rewrite);
  if (hindrance !== undefined) throw altered(hindrance);
  const version = db.pragma('schema_version', { simple: true }) as number;
  db.unsafeMode(true);
  try {
    db.pragma('writable_schema = ON');
    const { changes } = db.prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?").run(
      declarationOf(db, table).replace(from, () => to),
      table,
    );
    if (changes !== 1) throw altered(`the declaration of ${table} could not be changed`);
    // Other connections, and the statements of this one, read the declarations again.
    db.pragma(`schema_version = ${version + 1}`);
    db.pragma('writable_schema = RESET');
  } finally {
    db.pragma('writable_schema = OFF');
    db.unsafeMode(false);
  }
}

/** As SQLite keeps it; empty for a table that is not there. */
function declarationOf(db: Database, table: string): string {
  const row = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) as
    | { sql: string }
    | undefined;
  return row?.sql ?? '';
}

const altered = (hindrance: string): RollcallError =>
  new RollcallError(
    'STORE_CORRUPT',
    `The store cannot be brought up to date: ${hindrance}. Nothing in it was changed: keep the file, and start the gateway ` +
      'again, which moves it to evidence/ and takes what central has not acknowledged into a new store',
  );
