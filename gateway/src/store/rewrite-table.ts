import type { Database } from './open.js';

/**
 * Changes words of a table's declaration that say nothing about how its rows lie in the file (a CHECK that allows the
 * same values, AUTOINCREMENT), without copying the rows: an outbox may hold a gigabyte. In the caller's transaction.
 *
 * @throws Error where the declaration does not hold exactly these words once: whoever relies on the change must not go on.
 */
export function rewriteTable(
  db: Database,
  { table, from, to }: { table: string; from: string; to: string },
): void {
  const declared = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) as
    | { sql: string }
    | undefined;
  const parts = declared?.sql.split(from) ?? [];
  if (parts.length !== 2) throw new Error(`The declaration of ${table} does not hold "${from}" once`);
  const version = db.pragma('schema_version', { simple: true }) as number;
  db.unsafeMode(true);
  try {
    db.pragma('writable_schema = ON');
    const { changes } = db
      .prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?")
      .run(parts.join(to), table);
    if (changes !== 1) throw new Error(`The declaration of ${table} was not changed`);
    // Other connections, and the statements of this one, read the declarations again.
    db.pragma(`schema_version = ${version + 1}`);
    db.pragma('writable_schema = RESET');
  } finally {
    db.pragma('writable_schema = OFF');
    db.unsafeMode(false);
  }
}
