import { lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspectLockHolder, isRunning, readPostmasterFile } from '../../central/src/db/postmaster.js';
import { until } from './until.js';

const NAME = /^rollcall-postgres-(?<pid>\d+)-(?<namespace>\d+)-/;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * What the name of a run's folder begins with. The number of a process says nothing where processes are numbered anew,
 * and containers may share the memory of their host: so the name also says whose numbers these are.
 */
export function folderPrefix(): string {
  return `rollcall-postgres-${process.pid}-${pidNamespace()}-`;
}

/**
 * Removes the folders of runs that were killed, with their servers: on a disk they only lie about, in memory they take
 * it. Anybody can make a folder in `parent`: only what belongs to this user, and what nobody else could write to, is
 * touched, and nothing inside it is believed: not where else its files are, and of its server only what the system says.
 */
export async function removeLeftovers(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const { namespace, pid } = NAME.exec(name)?.groups ?? {};
    if (namespace !== pidNamespace() || isRunning(Number(pid))) continue;
    const directory = join(parent, name);
    try {
      if (isOurs(directory)) await removeLeftover(directory);
    } catch {
      // Another run removes it just now, or its server does not stop: nothing that would keep this run from starting.
    }
  }
}

/** Of the folder itself: inside it PostgreSQL's files belong to PostgreSQL's user when the tests run as root. */
function isOurs(directory: string): boolean {
  const found = lstatSync(directory);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & WRITABLE_BY_OTHERS) === 0;
}

async function removeLeftover(directory: string): Promise<void> {
  const data = join(directory, 'postgres', 'data');
  const server = readPostmasterFile(data);
  if (server !== undefined && inspectLockHolder(server.pid, data) === 'ours') {
    // PostgreSQL's fast shutdown: clients are cut off, what it shares with its processes is given back.
    process.kill(server.pid, 'SIGINT');
    await until('the server of a killed run ends', () => !isRunning(server.pid));
  }
  rmSync(directory, { recursive: true, force: true });
}

/** '0' where the system has no such thing. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
