// Builds what is out of date: every workspace, then the pages. Plain JavaScript, because it runs before
// anything is compiled. Used by every script that starts a program, so that each works right after `npm ci`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const WEB_SOURCES = ['central/web', 'package-lock.json'];
const WEB_OUTPUT = 'central/web/dist/index.html';

function run(step, tool, args) {
  runProgram(step, join(root, 'node_modules', '.bin', tool), args);
}

function runProgram(step, program, args) {
  const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status === 0) return;
  const why = result.error ? result.error.message : `exit code ${result.status ?? result.signal}`;
  process.stderr.write(`Building ${step} failed: ${why}. Is everything installed? Run npm ci first.\n`);
  process.exit(1);
}

function newestMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path)
    .filter((name) => name !== 'dist' && name !== 'node_modules')
    .reduce((newest, name) => Math.max(newest, newestMs(join(path, name))), 0);
}

function isWebCurrent() {
  const output = join(root, WEB_OUTPUT);
  if (!existsSync(output)) return false;
  const builtMs = statSync(output).mtimeMs;
  return WEB_SOURCES.every((source) => newestMs(join(root, source)) <= builtMs);
}

/** Swagger UI and ReDoc are served by central itself, with their licenses beside them. */
function copyApiDocs() {
  const into = join(root, 'central/web/dist/api-docs');
  mkdirSync(into, { recursive: true });
  const own = join(root, 'central/web/api-docs');
  for (const name of readdirSync(own)) copyFileSync(join(own, name), join(into, name));
  for (const file of [
    'swagger-ui-dist/swagger-ui.css',
    'swagger-ui-dist/swagger-ui-bundle.js',
    'swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt',
    'redoc/bundles/redoc.standalone.js',
    'redoc/bundles/redoc.standalone.js.LICENSE.txt',
  ]) {
    copyFileSync(join(root, 'node_modules', file), join(into, file.split('/').at(-1)));
  }
}

const isQuiet = process.argv.includes('--quiet');
const say = (text) => {
  if (!isQuiet) process.stdout.write(`${text}\n`);
};

say('Building Rollcall: TypeScript …');
run('TypeScript', 'tsc', ['-b']);
runProgram('the kernels', process.execPath, [join(root, 'scripts/build-kernels.mjs')]);
if (!isWebCurrent()) {
  say('Building Rollcall: pages …');
  run('the pages', 'vite', ['build', 'central/web', '--logLevel', 'warn']);
  copyApiDocs();
}
