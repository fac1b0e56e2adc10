import { accessSync, constants } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';
import Sqlite from 'better-sqlite3';

export type Database = Sqlite.Database;
export type Statement = Sqlite.Statement;

/** How long a statement waits for another process (doctor, a technician's sqlite3) before it gives up. */
const BUSY_TIMEOUT_MS = 2_000;
/** The write-ahead log is cut back to this after a checkpoint; a burst may have made it longer. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
const SYNCHRONOUS_FULL = 2;

export interface OpenOptions {
  busyTimeoutMs?: number;
}

/**
 * The one way to open a database, whether new, existing or copied from a crashed machine.
 *
 * `synchronous` is no property of the file: the bundled SQLite opens every existing WAL file with NORMAL,
 * under which a power cut may take back commits whose light was already green (edge §0, finding 4).
 *
 * @throws RollcallError `CONFIG_INVALID` when the place cannot be used; SQLite's own error for a damaged file.
 */
export function openDatabase(file: string, { busyTimeoutMs = BUSY_TIMEOUT_MS }: OpenOptions = {}): Database {
  const db = connect(file, busyTimeoutMs);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    assertDurable(db, file);
    return db;
  } catch (error) {
    db.close();
    throw hasSqliteCode(error, 'SQLITE_READONLY', 'SQLITE_CANTOPEN') ? unusable(file, error) : error;
  }
}

/**
 * Opens a database to look at it and nothing else. Closing the last writing connection folds the log into the
 * file; a damaged pair is evidence and has to stay as it is.
 */
export function openForInspection(file: string): Database {
  return connect(file, BUSY_TIMEOUT_MS, true);
}

function connect(file: string, timeout: number, readonly = false): Database {
  const db = openFile(file, timeout, readonly);
  try {
    // SQLite opens a file that it may not write all the same, and says so only at the first punch.
    if (!readonly) accessSync(file, constants.W_OK);
    return db;
  } catch (cause) {
    db.close();
    throw unusable(file, cause);
  }
}

function openFile(file: string, timeout: number, readonly: boolean): Database {
  try {
    return new Sqlite(file, { timeout, readonly });
  } catch (cause) {
    if (!hasSqliteCode(cause, 'SQLITE_CANTOPEN') && !(cause instanceof TypeError)) throw cause;
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): RollcallError {
  return new RollcallError(
    'CONFIG_INVALID',
    `The database ${file} cannot be opened for writing; give gateway.data_dir and all in it to the gateway's user (chown -R rollcall)`,
    { cause },
  );
}

function assertDurable(db: Database, file: string): void {
  const journalMode = db.pragma('journal_mode', { simple: true });
  const synchronous = db.pragma('synchronous', { simple: true });
  if (journalMode === 'wal' && synchronous === SYNCHRONOUS_FULL) return;
  throw new RollcallError(
    'CONFIG_INVALID',
    `The database ${file} opens with journal_mode ${journalMode}, synchronous ${synchronous} instead of wal, ` +
      `${SYNCHRONOUS_FULL}: a green light would not mean kept. Put gateway.data_dir on a local file system`,
  );
}

/** True for an error of SQLite whose extended code is, or refines, one of `codes` (`SQLITE_IOERR` covers `SQLITE_IOERR_READ`). */
export function hasSqliteCode(error: unknown, ...codes: string[]): boolean {
  if (!(error instanceof Sqlite.SqliteError)) return false;
  return codes.some((code) => error.code === code || error.code.startsWith(`${code}_`));
}

/** The file no longer holds what was written to it. */
export function isDamage(error: unknown): boolean {
  return hasSqliteCode(error, 'SQLITE_CORRUPT', 'SQLITE_NOTADB');
}

/** No room: in the database (`max_page_count`) or on the disk, however the kernel says it. */
export function isNoRoom(error: unknown): boolean {
  return hasSqliteCode(
    error,
    'SQLITE_FULL',
    'SQLITE_IOERR_WRITE',
    'SQLITE_IOERR_SHMSIZE',
    'SQLITE_IOERR_SHMOPEN',
    'SQLITE_IOERR_TRUNCATE',
    'SQLITE_IOERR_FSTAT',
  );
}
