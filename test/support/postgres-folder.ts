import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderPrefix, removeLeftovers } from './leftover-folders.js';

/** A file system in memory, which Linux has for programs that share it. */
const MEMORY = '/dev/shm';
/** Far more than the databases of a run ever are together; containers often have only 64 MiB there. */
const MEMORY_FREE_BYTES_MIN = 2 * 1024 ** 3;
/** As much again for the workers and what they start: a container may be allowed far less memory than its /dev/shm claims. */
const MEMORY_AVAILABLE_BYTES_MIN = 4 * 1024 ** 3;
/** Set to anything: the databases lie on disk (CONTRIBUTING says for whom). */
const ON_DISK_VARIABLE = 'ROLLCALL_TEST_POSTGRES_ON_DISK';

export interface Place {
  memory: string;
  freeBytes: (path: string) => number;
  /** Of the machine or, where that is less, of the container this runs in. */
  availableBytes: number;
  environment: NodeJS.ProcessEnv;
}

/**
 * One folder for the PostgreSQL of a whole run: the first test that needs it makes the cluster, the others only copy a
 * database. Runs that need none start none. A database is nine hundred files, made and removed for nearly every test:
 * in memory that takes a quarter of the processor time. What is about durability has a server of its own, on disk.
 */
export default async function setUp(): Promise<() => Promise<void>> {
  const parent = chooseParent();
  if (parent === MEMORY) await removeLeftovers(parent);
  const directory = mkdtempSync(join(parent, folderPrefix()));
  // PostgreSQL's unprivileged user has to enter it when the tests run as root.
  chmodSync(directory, 0o755);
  process.env['ROLLCALL_TEST_POSTGRES'] = directory;
  return () => remove(directory);
}

/** In memory where there is room, else where temporary files go. */
export function chooseParent(place: Partial<Place> = {}): string {
  const {
    memory = MEMORY,
    freeBytes = freeBytesOf,
    availableBytes = process.availableMemory(),
    environment = process.env,
  } = place;
  if ((environment[ON_DISK_VARIABLE] ?? '') !== '') return tmpdir();
  if (availableBytes < MEMORY_AVAILABLE_BYTES_MIN) return tmpdir();
  try {
    accessSync(memory, constants.W_OK | constants.X_OK);
    return freeBytes(memory) >= MEMORY_FREE_BYTES_MIN ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

async function remove(directory: string): Promise<void> {
  if (readdirSync(directory).length === 0) {
    rmSync(directory, { recursive: true });
    return;
  }
  const { removeSharedServer } = await import('../../central/src/db/test-database.js');
  await removeSharedServer(directory);
}
