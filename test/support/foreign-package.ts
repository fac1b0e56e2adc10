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
 * @returns its folder; undefined where it cannot be had, or is another one by now.
 */
export async function fetchForeignPackage({
  name,
  version,
  sha512,
}: ForeignPackage): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-foreign-'));
  try {
    const words = ['pack', `${name}@${version}`, '--fetch-retries=0', `--fetch-timeout=${FETCH_TIMEOUT_MS}`];
    await run('npm', words, { cwd: folder, timeout: FETCH_TIMEOUT_MS });
    const [archive = ''] = readdirSync(folder);
    const digest = createHash('sha512')
      .update(readFileSync(join(folder, archive)))
      .digest('base64');
    if (digest !== sha512) throw new Error('another archive than was looked at');
    await run('tar', ['-xzf', archive], { cwd: folder });
    return join(folder, 'package');
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
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
