import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { type Database, hasSqliteCode, openDatabase } from './open.js';

export const LOCK_FILE = 'gateway.lock';
const HOLDER_FILE = 'gateway.pid';

export interface StoreLock {
  release(): void;
}

/**
 * Keeps a second gateway away from a data directory. The lock is the kernel's, taken through SQLite on a file
 * of its own: it ends with the process however that dies, so there is no stale lock to judge by a pid that
 * may belong to somebody else by now. The pid file only serves the message.
 *
 * @throws RollcallError `STORE_LOCKED` while another process holds it.
 */
export function lockStore(dataDir: string): StoreLock {
  const db = take(join(dataDir, LOCK_FILE), dataDir);
  writeFileSync(join(dataDir, HOLDER_FILE), `${process.pid}\n`);
  return { release: () => db.close() };
}

/** The lock is a write transaction that is never finished. */
function take(file: string, dataDir: string): Database {
  let db: Database | undefined;
  try {
    db = openDatabase(file, { busyTimeoutMs: 0 });
    db.exec('BEGIN IMMEDIATE');
    return db;
  } catch (cause) {
    db?.close();
    throw refusal(dataDir, cause);
  }
}

function refusal(dataDir: string, cause: unknown): unknown {
  if (!hasSqliteCode(cause, 'SQLITE_BUSY')) return cause;
  return new RollcallError(
    'STORE_LOCKED',
    `Another gateway${holder(dataDir)} uses ${dataDir}; stop it, or give this one its own gateway.data_dir`,
    { cause },
  );
}

function holder(dataDir: string): string {
  try {
    return ` (process ${readFileSync(join(dataDir, HOLDER_FILE), 'utf8').trim()})`;
  } catch {
    // The holder has not written its number yet; the refusal stands without it.
    return '';
  }
}
