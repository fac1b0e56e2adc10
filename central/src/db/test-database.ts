import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentLog } from '../log.js';
import { connect } from './connection.js';
import { type Database, openDatabase } from './database.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { migrate, readMigrations } from './migrate.js';
import { readRecord } from './postgres-home.js';

/** Set by the run's global set-up (test/support/postgres-folder.ts): test files then share one server. */
const SHARED_DIRECTORY_VARIABLE = 'ROLLCALL_TEST_POSTGRES';
const TEMPLATE_LOCK = 0x726f6c03;

/** What survives a kill of PostgreSQL is not what most tests are about; the speed of the suite is. */
const TEST_SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  // It may lie in memory.
  max_wal_size: '256MB',
};

export interface TestDatabase extends Database {
  /** The server, for tests that stop it. */
  server: EmbeddedPostgres;
}

/** Of this process; test files in one process share it. */
let sharedServer: Promise<EmbeddedPostgres> | undefined;

/**
 * A migrated, empty database of its own on a real PostgreSQL; `close` drops it. The shared server stays for
 * the other files: the global set-up stops it.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const shared = process.env[SHARED_DIRECTORY_VARIABLE];
  const directory = shared ?? makeReachableDirectory();
  const start = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir: directory, log: silentLog, settings: TEST_SETTINGS });
  if (shared !== undefined) sharedServer ??= start();
  const server = await (sharedServer ?? start());
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = await ensureTemplate(server.url);
  await administer(server.url, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
  const database = await openDatabase({ url: withDatabase(server.url, name), log: silentLog });
  return {
    ...database,
    server,
    async close() {
      await database.close();
      await administer(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      if (shared !== undefined) return;
      await server.stop();
      removeServerFiles(directory);
    },
  };
}

/** Stops the server of a run and removes its files; nobody uses it any more. */
export async function removeSharedServer(directory: string): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir: directory, log: silentLog, settings: TEST_SETTINGS });
  await server.stop();
  removeServerFiles(directory);
}

/** A temporary folder that PostgreSQL's unprivileged user can enter when the tests run as root. */
export function makeReachableDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-postgres-'));
  chmodSync(directory, 0o755);
  return directory;
}

/** The database may lie elsewhere than in the folder asked for, where that one cannot be reached. */
export function removeServerFiles(directory: string): void {
  const relocated = readRecord(directory);
  if (relocated !== undefined) rmSync(dirname(relocated.directory), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

/** Migrating takes longer than copying: done once per server and set of migrations. */
async function ensureTemplate(url: string): Promise<string> {
  const digest = createHash('sha256');
  for (const { name, sql } of await readMigrations()) digest.update(name).update(sql);
  const template = `template_${digest.digest('hex').slice(0, 16)}`;
  const connection = await connect(url, 'rollcall-test');
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await connection.query('SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate', [
      template,
    ]);
    if (found.length > 0) return template;
    await connection.query(`DROP DATABASE IF EXISTS ${template}`);
    await connection.query(`CREATE DATABASE ${template}`);
    const database = await openDatabase({ url: withDatabase(url, template), log: silentLog });
    await migrate(database).finally(() => database.close());
    await connection.query(`ALTER DATABASE ${template} IS_TEMPLATE true`);
    return template;
  } finally {
    await connection.close();
  }
}

async function administer(url: string, sql: string): Promise<void> {
  const connection = await connect(url, 'rollcall-test');
  await connection.query(sql).finally(() => connection.close());
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
