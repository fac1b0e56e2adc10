// Types, lint and dependencies, side by side: each of them works with one core only. What one says is printed when it
// has ended, so that no two of them speak at once.
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (tool) => join(root, 'node_modules', '.bin', tool);

/** The longest first. */
const CHECKS = [
  { what: 'Types of the tests', program: bin('tsc'), args: ['-p', 'tsconfig.tests.json'] },
  { what: 'Types of the pages', program: bin('tsc'), args: ['-p', 'central/web'] },
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

// What the others see of each workspace is what this one writes.
const built = spawnSync(bin('tsc'), ['-b'], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const waiting = [...CHECKS];
const results = await Promise.all(Array.from({ length: availableParallelism() }, () => runInTurn(waiting)));
process.exit(results.every(Boolean) ? 0 : 1);
