import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where the registry is not reached, tests are skipped and not waited for. */
const FETCH_TIMEOUT_MS = 8_000;
const run = promisify(execFile);

export interface ForeignPackage {
  name: string;
  version: string;
  /** Of the archive, in base64: exactly this one was looked at. */
  sha512: string;
}

/**
 * Brings a package of the npm registry into a temporary folder, where it becomes nobody's dependency. One without
 * dependencies of its own: they are not brought along.
 *
 * @param fetchInto puts the archive into a folder; fails where the registry is not reached.
 * @returns its folder; undefined where it cannot be had here.
 * @throws when what was brought is another archive, or none: that is no reason to skip a test.
 */
export async function fetchForeignPackage(
  { name, version, sha512 }: ForeignPackage,
  fetchInto: (folder: string, spec: string) => Promise<unknown> = packInto,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-foreign-'));
  let isUnpacked = false;
  try {
    const isFetched = await fetchInto(folder, `${name}@${version}`).then(
      () => true,
      () => false,
    );
    if (!isFetched) return undefined;
    const [archive = ''] = readdirSync(folder);
    const digest = createHash('sha512')
      .update(readFileSync(join(folder, archive)))
      .digest('base64');
    if (digest !== sha512) throw new Error(`${name}@${version} is another archive than was looked at`);
    await run('tar', ['-xzf', archive], { cwd: folder });
    isUnpacked = true;
    return join(folder, 'package');
  } finally {
    if (!isUnpacked) rmSync(folder, { recursive: true, force: true });
  }
}

function packInto(folder: string, spec: string): Promise<unknown> {
  const words = ['pack', spec, '--fetch-retries=0', `--fetch-timeout=${FETCH_TIMEOUT_MS}`];
  return run('npm', words, { cwd: folder, timeout: FETCH_TIMEOUT_MS });
}

/** What a script prints; its arguments are the folder of the package and then `args`. */
export async function runWithPackage(
  folder: string,
  script: string,
  args: readonly string[],
): Promise<string> {
  const { stdout } = await run(process.execPath, ['-e', script, folder, ...args], {
    timeout: FETCH_TIMEOUT_MS,
    env: {},
  });
  return stdout;
}

export function forgetForeignPackage(folder: string | undefined): void {
  if (folder !== undefined) rmSync(join(folder, '..'), { recursive: true, force: true });
}
