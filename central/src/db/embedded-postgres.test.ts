import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { connect } from './connection.js';
import { openDatabase } from './database.js';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
import { openListener } from './listen.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import { locatePostgresHome } from './postgres-home.js';
import { canRun } from './postgres-user.js';
import { isRunning } from './postmaster.js';
import { makeReachableDirectory, removeServerFiles } from './test-database.js';

const isRoot = process.getuid?.() === 0;

describe('the embedded PostgreSQL', () => {
  let dataDir: string;
  let running: EmbeddedPostgres[];
  beforeEach(() => {
    dataDir = makeReachableDirectory();
    running = [];
  });
  afterEach(async () => {
    for (const server of running) await server.stop();
    removeServerFiles(dataDir);
  });

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataDir, log: silentLog, ...options });
    running.push(server);
    return server;
  }

  async function stop(server: EmbeddedPostgres): Promise<void> {
    running = running.filter((other) => other !== server);
    await server.stop();
  }

  const pidFile = (server: EmbeddedPostgres): string => join(server.directory, 'data', 'postmaster.pid');
  const postmasterPid = (server: EmbeddedPostgres): number =>
    Number.parseInt(readFileSync(pidFile(server), 'utf8'), 10);

  async function run(server: EmbeddedPostgres, sql: string): Promise<Record<string, unknown>[]> {
    const connection = await connect(server.url, 'test');
    return connection.query(sql).finally(() => connection.close());
  }

  it('keeps its data and its port over a stop and a start, and is gone in between', async () => {
    const first = await start();
    await run(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = postmasterPid(first);
    await stop(first);
    expect(existsSync(pidFile(first))).toBe(false);
    expect(isRunning(pid)).toBe(false);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, adopted: false });
    expect(await run(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('commits to the disk, in UTF-8, whatever the language of the machine', async () => {
    const server = await start();
    const [row] = await run(
      server,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS listen,
              upper('తెé') AS upper`,
    );
    expect(row).toEqual({ fsync: 'on', commit: 'on', encoding: 'UTF8', listen: '127.0.0.1', upper: 'తెÉ' });
  });

  it('refuses a connection without the password', async () => {
    const server = await start();
    const url = new URL(server.url);
    url.password = '';
    await expect(connect(url.href, 'test')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });

  it('is shared by a second process on the same folder and stopped by the last one', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect(second.url).toBe(first.url);
    await stop(first);
    expect(await run(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await stop(second);
    expect(existsSync(pidFile(second))).toBe(false);
  });

  it('comes back on the same address when it is killed, and pool and listener reconnect', async () => {
    const server = await start();
    const database = await openDatabase({ url: server.url, log: silentLog });
    const listener = await openListener({ url: server.url, log: silentLog, clock: systemClock });
    const heard = new Promise((resolve) => listener.listen('news', resolve));
    const reconnected = new Promise<void>((resolve) => listener.onReconnect(resolve));
    process.kill(postmasterPid(server), 'SIGKILL');
    await reconnected;
    await database.knex.raw("SELECT pg_notify('news', 'back')");
    expect(await heard).toBe('back');
    await listener.close();
    await database.close();
  });

  it('takes over a lock whose process number belongs to another program by now', async () => {
    const server = await start();
    const path = pidFile(server);
    const text = readFileSync(path, 'utf8');
    await stop(server);
    writeFileSync(path, text.replace(/^\d+/, String(process.pid)));
    expect(await start()).toMatchObject({ adopted: false });
  });

  it('refuses with DATABASE_STALE_LOCK and the file to delete when a lock cannot be judged', async () => {
    const server = await start();
    const path = pidFile(server);
    const text = readFileSync(path, 'utf8');
    await stop(server);
    const stranger = spawn('sleep', ['60'], { cwd: join(server.directory, 'data'), stdio: 'ignore' });
    try {
      await once(stranger, 'spawn');
      writeFileSync(path, text.replace(/^\d+/, String(stranger.pid)));
      const error = await start().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'DATABASE_STALE_LOCK' });
      expect(String(error)).toContain(`delete ${path}`);
    } finally {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
      rmSync(path, { force: true });
    }
  });

  it('refuses data of another major version and says how to go on', async () => {
    const server = await start();
    await stop(server);
    const path = join(server.directory, 'data', 'PG_VERSION');
    writeFileSync(path, '16\n');
    const error = await start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATABASE_VERSION_MISMATCH' });
    expect(String(error)).toContain('PostgreSQL 16');
    expect(String(error)).toContain('pg_dumpall');
  });

  it.runIf(isRoot)(
    'moves to a reachable place when root keeps the folder closed, and finds it again',
    async () => {
      const closed = join(dataDir, 'closed');
      const reachableRoot = join(dataDir, 'reachable');
      mkdirSync(closed, { mode: 0o700 });
      chmodSync(closed, 0o700);
      const folder = join(closed, 'var');
      const first = await start({ dataDir: folder, reachableRoot });
      expect(first.directory.startsWith(reachableRoot)).toBe(true);
      await run(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await stop(first);
      const second = await start({ dataDir: folder, reachableRoot });
      expect(await run(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
  );

  it.runIf(isRoot)('copies the programs to a reachable place when root keeps the modules closed', () => {
    const closed = join(dataDir, 'closed');
    const reachableRoot = join(dataDir, 'reachable');
    const installed = findPostgresBinaries();
    cpSync(installed.directory, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    chmodSync(closed, 0o700);
    const home = locatePostgresHome({
      dataDir: join(dataDir, 'var'),
      log: silentLog,
      reachableRoot,
      installed: { ...installed, directory: join(closed, 'native') },
    });
    expect(home.binaries.startsWith(reachableRoot)).toBe(true);
    expect(home.user && canRun(home.user, join(home.binaries, 'bin', 'postgres'), ['--version'])).toBe(true);
  });
});
