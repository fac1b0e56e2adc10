import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Log } from '../log.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { canRun, ensurePostgresUser, POSTGRES_USER, type UserIds } from './postgres-user.js';

/** Where data and binaries go when the unprivileged user cannot reach central's own folders. */
const REACHABLE_ROOT = '/var/lib/rollcall';
/** In the data directory: where the database really is, so that the next start finds the same data. */
const RECORD_FILE = 'postgres-location.json';
const PATH_HASH_LENGTH = 12;

/** Where the embedded PostgreSQL lives and as whom it runs. */
export interface PostgresHome {
  /** Holds data/, password and log/; made by the first start. */
  directory: string;
  /** Holds bin/, lib/ and share/. */
  binaries: string;
  major: number;
  /** Undefined: as the user central itself runs as. */
  user: UserIds | undefined;
}

export interface HomeOptions {
  dataDir: string;
  log: Log;
  reachableRoot?: string;
  installed?: PostgresBinaries;
}

/** @throws RollcallError `DATABASE_UNAVAILABLE` when no place and user can be found */
export function locatePostgresHome(options: HomeOptions): PostgresHome {
  const { dataDir, log, reachableRoot = REACHABLE_ROOT, installed = findPostgresBinaries() } = options;
  makeDirectory(dataDir);
  const folder = realpathSync(dataDir);
  const { directory: native, version, major } = installed;
  const inPlace = join(folder, 'postgres');
  if (process.getuid?.() !== 0) {
    refuseForeignData(inPlace);
    return { directory: inPlace, binaries: native, major, user: undefined };
  }
  const owner = ownerOf(join(inPlace, 'data', 'PG_VERSION'));
  // Data made by a normal user stays that user's, also when root starts central once.
  const user = owner === undefined || owner.uid === 0 ? ensurePostgresUser() : owner;
  const directory =
    owner !== undefined || canRun(user, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder])
      ? inPlace
      : relocated(folder, reachableRoot);
  if (directory !== inPlace) {
    log.info(
      { directory },
      `the user "${POSTGRES_USER}" cannot reach ${folder}; the database is in ${directory}`,
    );
  }
  const binaries = reachableBinaries({ native, version, user, reachableRoot, log });
  return { directory, binaries, major, user };
}

/** The recorded place, or one derived from the data directory's own path. */
function relocated(folder: string, reachableRoot: string): string {
  const record = readRecord(folder);
  if (record !== undefined) {
    // A folder that was moved keeps its database; one that was copied must not share the original's.
    const isCopy = record.data_dir !== folder && existsSync(join(record.data_dir, RECORD_FILE));
    if (!isCopy && existsSync(record.directory)) return record.directory;
  }
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, PATH_HASH_LENGTH);
  const directory = join(reachableRoot, hash, 'postgres');
  makeDirectory(join(reachableRoot, hash));
  writeFileSync(join(folder, RECORD_FILE), `${JSON.stringify({ data_dir: folder, directory })}\n`);
  return directory;
}

/** Where the database of a data directory is, if it could not be inside. */
export function readRecord(dataDir: string): { data_dir: string; directory: string } | undefined {
  const path = join(dataDir, RECORD_FILE);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

interface BinariesOptions {
  native: string;
  version: string;
  user: UserIds;
  reachableRoot: string;
  log: Log;
}

function reachableBinaries({ native, version, user, reachableRoot, log }: BinariesOptions): string {
  const works = (directory: string): boolean => canRun(user, join(directory, 'bin', 'initdb'), ['--version']);
  if (works(native)) return native;
  const copy = join(reachableRoot, `postgres-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(copy)) {
    makeDirectory(reachableRoot);
    const unfinished = `${copy}.${process.pid}`;
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(unfinished, copy);
    } catch {
      // Another central finished the same copy first.
      rmSync(unfinished, { recursive: true, force: true });
    }
    log.info(
      { directory: copy },
      `PostgreSQL's programs were copied to ${copy}, where its user can run them`,
    );
  }
  if (works(copy)) return copy;
  throw new RollcallError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL in ${copy} cannot be run by the user "${POSTGRES_USER}". Look whether ${reachableRoot} is mounted noexec, ` +
      'start central as another user than root, or set DATABASE_URL',
  );
}

function refuseForeignData(directory: string): void {
  const owner = ownerOf(directory);
  if (owner === undefined || owner.uid === process.getuid?.()) return;
  throw new RollcallError(
    'DATABASE_UNAVAILABLE',
    `The database in ${directory} belongs to another user (uid ${owner.uid}). ` +
      'Start central as that user or as root, or choose another folder with --data-dir',
  );
}

function ownerOf(path: string): UserIds | undefined {
  if (!existsSync(path)) return undefined;
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError(
      'DATABASE_UNAVAILABLE',
      `The folder ${path} cannot be made: ${reason}. Choose another one with --data-dir, or set DATABASE_URL`,
      { cause },
    );
  }
}

/** Hands a path to the user PostgreSQL runs as. */
export function give(path: string, user: UserIds | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
