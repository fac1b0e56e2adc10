import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import preparePostgresFolder from './postgres-folder.js';
import { ROOT } from './root.js';
import { until } from './until.js';

const LOCK = join(ROOT, 'node_modules/.cache/rollcall-build.lock');
const BUILD_DEADLINE_MS = 300_000;

/** Suites that start command lines start the built ones: brought up to date once per run. */
export default async function setUp(): Promise<() => Promise<void>> {
  const run = globalThis as { rollcallBuilt?: Promise<void> };
  run.rollcallBuilt ??= build();
  await run.rollcallBuilt;
  return preparePostgresFolder();
}

async function build(): Promise<void> {
  mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
  await until('another build of this folder ends', takeLock, { deadlineMs: BUILD_DEADLINE_MS });
  try {
    const result = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--quiet'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (result.status !== 0) throw new Error(`The build failed:\n${result.stdout}${result.stderr}`);
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Two runs at once must not write into the same dist folders. A lock whose process is gone is taken over. */
function takeLock(): boolean {
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    // A link appears with its content, so nobody ever reads half a lock.
    linkSync(mine, LOCK);
    return true;
  } catch {
    if (!isHeld()) rmSync(LOCK, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function isHeld(): boolean {
  try {
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
