import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCK_FILE, lockStore } from './lock.js';
import { onCleanup, tempDir } from './store.fixture.js';

const HOLD = `
const db = new (require(process.argv[1]))(process.argv[2]);
db.pragma('journal_mode = WAL');
db.exec('BEGIN IMMEDIATE');
console.log('held');
setInterval(() => {}, 1000);`;

/** Another process that holds the lock of the directory until it is killed. */
async function holder(dataDir: string) {
  const library = createRequire(import.meta.url).resolve('better-sqlite3');
  const child = spawn(process.execPath, ['-e', HOLD, library, join(dataDir, LOCK_FILE)]);
  onCleanup(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('lockStore', () => {
  it('refuses a second gateway on one data directory and says which process has it', () => {
    const dataDir = tempDir();
    const lock = lockStore(dataDir);
    expect(() => lockStore(dataDir)).toThrow(new RegExp(`process ${process.pid}.*STORE_LOCKED`));
    lock.release();
    lockStore(dataDir).release();
  });

  it('refuses while another process holds the lock, and takes over when that process was killed', async () => {
    const dataDir = tempDir();
    const child = await holder(dataDir);
    expect(() => lockStore(dataDir)).toThrow(/STORE_LOCKED/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockStore(dataDir).release();
  });
});
