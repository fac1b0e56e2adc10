import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RollcallError } from '@rollcall/protocol/errors';
import { connect } from './connection.js';
import type { Database, Knex } from './database.js';

const MIGRATIONS_DIR = fileURLToPath(new URL('../../migrations/', import.meta.url));
const MIGRATION_NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
/** Any constant, as long as only migrations take it: two replicas that start together migrate one after the other. */
const MIGRATION_LOCK = 0x726f6c01;

interface SqlMigration {
  name: string;
  sql: string;
}

/** Numbered SQL files, forward only, one transaction each. */
class SqlMigrations implements Knex.MigrationSource<SqlMigration> {
  readonly #migrations: SqlMigration[];

  constructor(migrations: SqlMigration[]) {
    this.#migrations = migrations;
  }

  async getMigrations(): Promise<SqlMigration[]> {
    return this.#migrations;
  }

  getMigrationName(migration: SqlMigration): string {
    return migration.name;
  }

  async getMigration({ name, sql }: SqlMigration): Promise<Knex.Migration> {
    return {
      up: async (knex) => {
        await knex.raw(sql);
      },
      down: () => {
        throw new Error(`Migration ${name} has no way back: restore a backup, or write the next migration`);
      },
    };
  }
}

export async function readMigrations(directory = MIGRATIONS_DIR): Promise<SqlMigration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  for (const name of names) {
    if (!MIGRATION_NAME.test(name)) {
      throw new RollcallError('INTERNAL', `Migration ${name} is not named like 0001_spine.sql`);
    }
  }
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(`${directory}/${name}`, 'utf8') })),
  );
}

/**
 * Brings the schema up to date.
 *
 * @returns the names of the migrations that ran
 */
export async function migrate(database: Pick<Database, 'knex' | 'url'>): Promise<string[]> {
  const migrationSource = new SqlMigrations(await readMigrations());
  const lock = await connect(database.url, 'rollcall-migrate');
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    // knex keeps a lock of its own in a table, which a killed process leaves behind; ours ends with the
    // connection, and while we hold it nobody else can be migrating.
    await database.knex.migrate.forceFreeMigrationsLock({ migrationSource });
    const [, ran] = (await database.knex.migrate.latest({ migrationSource })) as [number, string[]];
    return ran;
  } finally {
    await lock.close();
  }
}
