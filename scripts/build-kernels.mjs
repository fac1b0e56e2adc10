// Compiles gateway/assembly (AssemblyScript) to WebAssembly when it is out of date. The same sources and compiler give
// the same bytes; nothing is fetched.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = join(root, 'gateway/assembly');
const OUTPUT = join(root, 'gateway/dist/biometrics/kernels.wasm');
const LOCKFILE = join(root, 'package-lock.json');

function isCurrent() {
  if (!existsSync(OUTPUT)) return false;
  const builtMs = statSync(OUTPUT).mtimeMs;
  const inputs = [...readdirSync(SOURCES).map((name) => join(SOURCES, name)), LOCKFILE];
  return inputs.every((input) => statSync(input).mtimeMs <= builtMs);
}

if (!isCurrent()) {
  mkdirSync(dirname(OUTPUT), { recursive: true });
  // Two builds at once may compile twice, but nobody reads half a file.
  const fresh = `${OUTPUT}.${process.pid}`;
  const flags = ['--runtime', 'stub', '--enable', 'simd', '--noAssert', '-O3', '--outFile', fresh];
  const compiler = join(root, 'node_modules/.bin/asc');
  const result = spawnSync(compiler, [join(SOURCES, 'module.ts'), ...flags], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) {
    const why = result.error ? result.error.message : `exit code ${result.status ?? result.signal}`;
    process.stderr.write(`Building the kernels failed: ${why}. Is everything installed? Run npm ci first.\n`);
    process.exit(1);
  }
  renameSync(fresh, OUTPUT);
}
