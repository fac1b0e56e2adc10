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
 * Brings the schema up to date. One that a newer central has brought further is left as it is: whoever knows its floor can
 * work on it (domain case 163, ADR 61).
 *
 * @returns the names of the migrations that ran
 * @throws RollcallError `SCHEMA_TOO_NEW`
 */
export async function migrate(database: Pick<Database, 'knex' | 'url'>): Promise<string[]> {
  const migrations = await readMigrations();
  const migrationSource = new SqlMigrations(migrations);
  const lock = await connect(database.url, 'rollcall-migrate');
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const fit = await readSchemaFit(database.knex, migrations);
    if (fit.unknownFloor !== undefined) throw tooNew(fit.unknownFloor);
    const config = { migrationSource, disableMigrationsListValidation: true };
    // knex keeps a lock of its own in a table, which a killed process leaves behind; ours ends with the
    // connection, and while we hold it nobody else can be migrating.
    await database.knex.migrate.forceFreeMigrationsLock(config);
    const [, ran] = (await database.knex.migrate.latest(config)) as [number, string[]];
    return ran;
  } finally {
    await lock.close();
  }
}

interface SchemaFit {
  /** Migrations of this central that have not run. */
  missing: string[];
  /** The migration that this central would have to know. */
  unknownFloor: string | undefined;
}

/** How the schema and this central fit; an empty database fits nothing and forbids nothing. */
export async function readSchemaFit(
  knex: Knex,
  migrations: readonly Pick<SqlMigration, 'name'>[],
): Promise<SchemaFit> {
  const { rows: tables } = await knex.raw<{ rows: { has_done: boolean; has_floor: boolean }[] }>(
    "SELECT to_regclass('knex_migrations') IS NOT NULL AS has_done, to_regclass('schema_floor') IS NOT NULL AS has_floor",
  );
  const done = new Set(
    tables[0]?.has_done === true ? await knex('knex_migrations').pluck<string[]>('name') : [],
  );
  const floor = tables[0]?.has_floor === true ? await knex('schema_floor').first('name') : undefined;
  return {
    missing: migrations.map(({ name }) => name).filter((name) => !done.has(name)),
    unknownFloor: migrations.some(({ name }) => name === floor?.name) ? undefined : floor?.name,
  };
}

function tooNew(floor: string): RollcallError {
  return new RollcallError(
    'SCHEMA_TOO_NEW',
    `A newer central has changed the schema of this database with ${floor}, and this one does not know it. Start the newer version, or restore a backup from before`,
    { context: { floor } },
  );
}
