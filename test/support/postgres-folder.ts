import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderPrefix, removeLeftovers } from './leftover-folders.js';

/** A file system in memory, which Linux has for programs that share it. */
const MEMORY = '/dev/shm';
/** Far more than the databases of a run ever are together; containers often have only 64 MiB there. */
const MEMORY_FREE_BYTES_MIN = 2 * 1024 ** 3;

/**
 * One folder for the PostgreSQL of a whole run: the first test that needs it makes the cluster, the others only copy a
 * database. Runs that need none start none. A database is nine hundred files, made and removed for nearly every test:
 * in memory that takes a quarter of the processor time. What is about durability has a server of its own, on disk.
 */
export default async function setUp(): Promise<() => Promise<void>> {
  const parent = isRoomy(MEMORY) ? MEMORY : tmpdir();
  if (parent === MEMORY) await removeLeftovers(parent);
  const directory = mkdtempSync(join(parent, folderPrefix()));
  // PostgreSQL's unprivileged user has to enter it when the tests run as root.
  chmodSync(directory, 0o755);
  process.env['ROLLCALL_TEST_POSTGRES'] = directory;
  return () => remove(directory);
}

function isRoomy(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= MEMORY_FREE_BYTES_MIN;
  } catch {
    return false;
  }
}

async function remove(directory: string): Promise<void> {
  if (readdirSync(directory).length === 0) {
    rmSync(directory, { recursive: true });
    return;
  }
  const { removeSharedServer } = await import('../../central/src/db/test-database.js');
  await removeSharedServer(directory);
}
