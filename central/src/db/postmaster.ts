import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What `postmaster.pid` says. */
export interface PostmasterFile {
  pid: number;
  port: number;
  isReady: boolean;
}

/** Lines of the file, counted from 0 (PostgreSQL's pidfile.h counts from 1). */
const LINE_PID = 0;
const LINE_PORT = 3;
const LINE_STATUS = 7;

export function readPostmasterFile(dataDirectory: string): PostmasterFile | undefined {
  const path = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  return {
    pid: Number.parseInt(lines[LINE_PID] ?? '', 10),
    port: Number.parseInt(lines[LINE_PORT] ?? '', 10),
    isReady: (lines[LINE_STATUS] ?? '').trim() === 'ready',
  };
}

/**
 * - `gone`: no such process; PostgreSQL itself takes such a lock over.
 * - `ours`: a postmaster that works in this data directory.
 * - `stranger`: the number was given to another program since, or the process is dead but not reaped, and no
 *   process at all works in the data directory: the lock is stale although PostgreSQL would respect it.
 * - `unclear`: it cannot be told from here.
 */
export type LockHolder = 'gone' | 'ours' | 'stranger' | 'unclear';

export function inspectLockHolder(pid: number, dataDirectory: string): LockHolder {
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return 'gone';
  if (!existsSync('/proc/self/stat')) return 'unclear';
  const directory = realpathSync(dataDirectory);
  // A postmaster changes into its data directory at start and stays there.
  if (workingDirectory(pid) === directory) return executable(pid).startsWith('postgres') ? 'ours' : 'unclear';
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return others.some((name) => workingDirectory(Number(name)) === directory) ? 'unclear' : 'stranger';
}

/** False once the process can no longer write: gone, or dead and waiting to be reaped. */
export function isRunning(pid: number): boolean {
  return isAlive(pid) && (!existsSync('/proc/self/stat') || executable(pid) !== '');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Undefined for dead, unreadable and unreaped processes. */
function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function executable(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return '';
  }
}
