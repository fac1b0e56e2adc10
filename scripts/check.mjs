// Builds what is out of date and checks types, lint and dependencies, side by side: each of these works with one core
// only. What one says is printed when it has ended, so that no two of them speak at once.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/.bin/tsc');

/** The longest first. Tests and pages are checked against sources: they need nothing of the build. */
const CHECKS = [
  { what: 'Build', program: process.execPath, args: ['scripts/build.mjs', '--quiet'] },
  { what: 'Types of the tests', program: tsc, args: ['-p', 'tsconfig.tests.json'] },
  { what: 'Types of the pages', program: tsc, args: ['-p', 'central/web'] },
  { what: 'Lint', program: 'npm', args: ['run', '--silent', 'check:lint'] },
  { what: 'Dependencies', program: 'npm', args: ['run', '--silent', 'check:dependencies'] },
];

/** True when the check found nothing. */
function run({ what, program, args }) {
  return new Promise((resolve) => {
    const said = [];
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
    child.on('error', (error) =>
      said.push(Buffer.from(`${error.message}. Is everything installed? Run npm ci first.\n`)),
    );
    child.on('close', (code) => {
      process.stdout.write(`${what}: ${code === 0 ? 'good' : 'failed'}\n`);
      process.stdout.write(Buffer.concat(said));
      resolve(code === 0);
    });
  });
}

async function runInTurn(checks) {
  let isGood = true;
  for (let check = checks.shift(); check !== undefined; check = checks.shift()) {
    if (!(await run(check))) isGood = false;
  }
  return isGood;
}

const waiting = [...CHECKS];
const lanes = Math.max(2, availableParallelism());
const results = await Promise.all(Array.from({ length: lanes }, () => runInTurn(waiting)));
process.exitCode = results.every(Boolean) ? 0 : 1;
