import { type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Log } from '../log.js';
import { give, type PostgresHome } from './postgres-home.js';
import { inspectLockHolder, isRunning, type PostmasterFile, readPostmasterFile } from './postmaster.js';

export const LOOPBACK = '127.0.0.1';
export const SUPERUSER = 'rollcall';
/** Recovery after a power cut replays the write-ahead log first. */
const START_TIMEOUT_S = 120;
const STOP_TIMEOUT_S = 60;
const POLL_MS = 100;
const START_ATTEMPTS_MAX = 5;
/** Characters of PostgreSQL's own words in an error message. */
const OUTPUT_QUOTED_MAX = 600;

/** Never below what "committed" means: a crash of the machine must not lose an acknowledged row. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // One file per weekday, each overwritten after a week: bounded without a tool.
  logging_collector: 'on',
  log_directory: '../log',
  log_filename: 'postgresql-%a.log',
  log_truncate_on_rotation: 'on',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_min_messages: 'warning',
  // Statements carry hashes and names; the error itself says enough.
  log_min_error_statement: 'panic',
  // Short statements only: compiling them costs more than running them.
  jit: 'off',
  // A batch of ingest is sorted and hashed in memory.
  work_mem: '16MB',
};

export interface Cluster {
  home: PostgresHome;
  log: Log;
  clock: Clock;
  /** Settings of a test on top of the fixed ones. */
  settings?: Readonly<Record<string, string>>;
}

export const dataOf = (home: PostgresHome): string => join(home.directory, 'data');
export const passwordOf = (home: PostgresHome): string =>
  readFileSync(join(home.directory, 'password'), 'utf8').trim();

/**
 * Creates the cluster if it is not there. It is built beside its place and renamed when it is whole, so that
 * a kill in between leaves nothing half made.
 */
export async function ensureCluster({ home, log }: Cluster): Promise<void> {
  const versionFile = join(dataOf(home), 'PG_VERSION');
  if (!existsSync(versionFile)) {
    log.info({ directory: home.directory }, 'making a new database');
    await createCluster(home);
  }
  const found = readFileSync(versionFile, 'utf8').trim();
  if (found !== String(home.major)) {
    throw new RollcallError(
      'DATABASE_VERSION_MISMATCH',
      `The database in ${home.directory} was made by PostgreSQL ${found}; this version of central brings ${home.major}. ` +
        `Dump it with PostgreSQL ${found} (pg_dumpall) and restore it into a new folder, or go back to the central that made it, ` +
        'or move the folder away to start empty',
    );
  }
}

async function createCluster(home: PostgresHome): Promise<void> {
  const unfinished = `${home.directory}.${randomBytes(4).toString('hex')}`;
  const password = randomBytes(24).toString('hex');
  try {
    mkdirSync(join(unfinished, 'log'), { recursive: true, mode: 0o700 });
    chmodSync(unfinished, 0o700);
    writeFileSync(join(unfinished, 'password'), password, { mode: 0o600 });
    for (const path of [unfinished, join(unfinished, 'log'), join(unfinished, 'password')])
      give(path, home.user);
    const args = [
      `--pgdata=${join(unfinished, 'data')}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${join(unfinished, 'password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Sorting and case rules built into PostgreSQL: the same on every machine and after every update.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    const { code, output } = await run(home, 'initdb', args, dirname(unfinished));
    if (code !== 0) throw failed('A new database cannot be made', home, output);
    renameSync(unfinished, home.directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another central made it in the same moment: its one is as good.
    if (!existsSync(join(dataOf(home), 'PG_VERSION'))) throw error;
  }
}

/**
 * Starts PostgreSQL, or finds the one that already serves this directory.
 *
 * @throws RollcallError `DATABASE_STALE_LOCK` or `DATABASE_UNAVAILABLE`
 */
export async function ensureRunning(cluster: Cluster): Promise<{ port: number; adopted: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const running = await findRunning(cluster);
    if (running !== undefined) return { port: running.port, adopted: true };
    const port = await choosePort(cluster.home);
    const output = await start(cluster, port);
    if (output === undefined) return { port, adopted: false };
    // Backends of a killed postmaster need a moment to notice; another central may have been faster.
    if (attempt === START_ATTEMPTS_MAX) throw failed('PostgreSQL does not start', cluster.home, output);
    await delay(cluster.clock, POLL_MS * attempt);
  }
}

/** The postmaster of this directory once it is ready; undefined when there is none. */
async function findRunning({ home, log, clock }: Cluster): Promise<PostmasterFile | undefined> {
  const deadlineMs = clock.monoMs() + START_TIMEOUT_S * 1000;
  for (;;) {
    const file = readPostmasterFile(dataOf(home));
    if (file === undefined) return undefined;
    const holder = inspectLockHolder(file.pid, dataOf(home));
    if (holder === 'gone') return undefined;
    if (holder === 'stranger') {
      log.warn({ pid: file.pid }, 'a lock left by a killed PostgreSQL names a foreign process; removing it');
      rmSync(join(dataOf(home), 'postmaster.pid'), { force: true });
      return undefined;
    }
    if (holder === 'ours' && file.isReady) return file;
    if (holder === 'unclear' || clock.monoMs() > deadlineMs) throw staleLock(home, file);
    await delay(clock, POLL_MS);
  }
}

/** @returns PostgreSQL's own words when it does not start */
async function start({ home, settings }: Cluster, port: number): Promise<string | undefined> {
  const options = Object.entries({ ...SETTINGS, ...settings, port: String(port) });
  const args = [
    'start',
    `--pgdata=${dataOf(home)}`,
    '--wait',
    `--timeout=${START_TIMEOUT_S}`,
    `--log=${join(home.directory, 'log', 'start.log')}`,
    `--options=${options.map(([name, value]) => `-c ${name}='${value}'`).join(' ')}`,
  ];
  rmSync(join(home.directory, 'log', 'start.log'), { force: true });
  const { code, output } = await run(home, 'pg_ctl', args, home.directory);
  if (code === 0) return undefined;
  const log = join(home.directory, 'log', 'start.log');
  return existsSync(log) ? readFileSync(log, 'utf8') : output;
}

/** Stops PostgreSQL and waits until it is down. */
export async function stopCluster({ home, log, clock }: Cluster): Promise<void> {
  const pid = readPostmasterFile(dataOf(home))?.pid;
  const args = ['stop', `--pgdata=${dataOf(home)}`, '--wait', '--mode=fast', `--timeout=${STOP_TIMEOUT_S}`];
  const { code, output } = await run(home, 'pg_ctl', args, home.directory);
  if (code !== 0 && readPostmasterFile(dataOf(home)) !== undefined) {
    log.error({ output }, 'PostgreSQL does not stop; it is left running and the next start uses it');
    return;
  }
  // pg_ctl is content when the lock file is gone, a moment before the process is.
  const deadlineMs = clock.monoMs() + STOP_TIMEOUT_S * 1000;
  while (pid !== undefined && isRunning(pid) && clock.monoMs() < deadlineMs) await delay(clock, POLL_MS);
}

/** The port of the last start if it is free, so that addresses handed out stay right; else any free one. */
async function choosePort(home: PostgresHome): Promise<number> {
  const path = join(home.directory, 'port');
  const last = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : 0;
  const port = (await freePort(last)) ?? (await freePort(0));
  if (port === undefined) throw failed('No TCP port is free on 127.0.0.1', home, '');
  if (port !== last) writeFileSync(path, `${port}\n`, { mode: 0o600 });
  return port;
}

function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port: wanted, host: LOOPBACK }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(port));
    });
  });
}

function run(home: PostgresHome, program: string, args: string[], cwd: string) {
  const options: SpawnOptions = {
    ...home.user,
    cwd,
    // Nothing of the caller's language or PG* variables may decide how the database is made or started.
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C in the terminal is central's to handle, which stops PostgreSQL last.
    detached: true,
  };
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(join(home.binaries, 'bin', program), args, options);
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_QUOTED_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    // `exit`, not `close`: a postmaster that inherited the pipes would keep them open for ever.
    child.once('exit', (code) => resolve({ code, output }));
  });
}

function failed(what: string, home: PostgresHome, output: string): RollcallError {
  return new RollcallError(
    'DATABASE_UNAVAILABLE',
    `${what} in ${home.directory}. PostgreSQL says: ${output.trim().slice(-OUTPUT_QUOTED_MAX) || 'nothing'}. ` +
      'Look at free disk space and at the owner of that folder, or set DATABASE_URL to a PostgreSQL of your own',
  );
}

function staleLock(home: PostgresHome, file: PostmasterFile): RollcallError {
  const path = join(dataOf(home), 'postmaster.pid');
  return new RollcallError(
    'DATABASE_STALE_LOCK',
    `${path} says that process ${file.pid} uses the database, and that process is alive but does not answer as PostgreSQL. ` +
      `Look at it (ps -p ${file.pid}); if it is not PostgreSQL, delete ${path} and start central again`,
    { context: { pid: file.pid } },
  );
}
