import { RollcallError } from '@rollcall/protocol/errors';
import { outboxMigration } from './migrations/0001-outbox.js';
import { rosterMigration } from './migrations/0002-roster.js';
import { fingerTemplatesMigration } from './migrations/0003-finger-templates.js';
import { fingerSlotsMigration } from './migrations/0004-finger-slots.js';
import { deviceStateMigration } from './migrations/0005-device-state.js';
import { terminalPeopleMigration } from './migrations/0006-terminal-people.js';
import { kindsComparedMigration } from './migrations/0007-kinds-compared.js';
import type { Database } from './open.js';
import { hindranceTo, rewriteTable, type TableRewrite } from './rewrite-table.js';

/** Statements, or words of a table that the first migration made; in a transaction of its own. */
export type Migration = string | TableRewrite;

/** In order; the number of a migration is its place here plus one and never changes. */
export const MIGRATIONS: readonly Migration[] = [
  outboxMigration,
  rosterMigration,
  fingerTemplatesMigration,
  fingerSlotsMigration,
  deviceStateMigration,
  terminalPeopleMigration,
  kindsComparedMigration,
];
/** "RLCL": tells our database from any other SQLite file that was put in its place. */
const APPLICATION_ID = 0x524c434c;

/** True for a database without any content, and for one that this program made. */
export function isOurs(db: Database): boolean {
  if (db.pragma('application_id', { simple: true }) === APPLICATION_ID) return true;
  const objects = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  return objects.n === 0;
}

/**
 * What is in the way of the migrations that are still to run, in words: whoever changed a table by hand. Undefined where nothing is, or
 * nothing has been made yet. Only reads, so that the store may be evidence all the same.
 */
export function findHindrance(db: Database): string | undefined {
  const at = db.pragma('user_version', { simple: true }) as number;
  if (at === 0) return undefined;
  for (const migration of MIGRATIONS.slice(at)) {
    const hindrance = typeof migration === 'string' ? undefined : hindranceTo(db, migration);
    if (hindrance !== undefined) return hindrance;
  }
  return undefined;
}

/**
 * Brings the schema up to date, one transaction for each step.
 *
 * @throws RollcallError `STORE_TOO_NEW`; `STORE_CORRUPT` for a store with a hindrance
 */
export function migrate(db: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  const at = db.pragma('user_version', { simple: true }) as number;
  if (at > migrations.length) {
    throw new RollcallError(
      'STORE_TOO_NEW',
      `The store has schema ${at}, this program knows ${migrations.length}: install the newer gateway again`,
    );
  }
  migrations.slice(at).forEach((migration, index) => {
    db.transaction(() => {
      if (typeof migration === 'string') db.exec(migration);
      else rewriteTable(db, migration);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${at + index + 1}`);
    })();
  });
}
