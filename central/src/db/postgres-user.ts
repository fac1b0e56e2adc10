import { spawnSync } from 'node:child_process';
import { RollcallError } from '@rollcall/protocol/errors';

/** Account that PostgreSQL runs as when central runs as root, which PostgreSQL refuses. */
export const POSTGRES_USER = 'rollcall';

export interface UserIds {
  uid: number;
  gid: number;
}

/**
 * Looks the account up and creates it if needed.
 *
 * @throws RollcallError `DATABASE_UNAVAILABLE` when it neither exists nor can be created
 */
export function ensurePostgresUser(): UserIds {
  const existing = lookUp();
  if (existing !== undefined) return existing;
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  const result = spawnSync('useradd', [...args, '--shell', '/usr/sbin/nologin', POSTGRES_USER], {
    encoding: 'utf8',
    // A shell that came by "su" without "-" has no administrator's folders in its PATH.
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  // Another central may have created it in the same moment: what counts is that it is there now.
  const created = lookUp();
  if (created !== undefined) return created;
  throw cannotCreate(result);
}

/** What to tell a human; exported for its test. */
export function cannotCreate({
  error,
  stderr,
}: {
  error?: Error | undefined;
  stderr: string;
}): RollcallError {
  const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  const reason = isMissing
    ? 'this machine has no "useradd"'
    : `useradd says: ${error?.message ?? (stderr.trim() || 'nothing')}`;
  const remedy = isMissing
    ? `Create a system user "${POSTGRES_USER}" with the tool of your distribution`
    : `Create it with "useradd --system ${POSTGRES_USER}"`;
  return new RollcallError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL does not run as root, and the user "${POSTGRES_USER}" it would run as cannot be created: ${reason}. ` +
      `${remedy}, start central as another user than root, or set DATABASE_URL to a PostgreSQL of your own`,
  );
}

/** True when that user can run the command; used to find out what it can reach. */
export function canRun(user: UserIds, command: string, args: string[]): boolean {
  return spawnSync(command, args, { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function lookUp(): UserIds | undefined {
  const uid = readId('-u');
  const gid = readId('-g');
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function readId(flag: '-u' | '-g'): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, POSTGRES_USER], { encoding: 'utf8' });
  return status === 0 ? Number.parseInt(stdout, 10) : undefined;
}
