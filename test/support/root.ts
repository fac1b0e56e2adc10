import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the whole project, found from the sources as well as from the build. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(directory: string): string {
  const file = join(directory, 'package.json');
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'rollcall') return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('this file is not inside the project');
  return findRoot(parent);
}

/** The command lines as a person starts them. */
export const COMMANDS = {
  gateway: join(ROOT, 'gateway/dist/cli/main.js'),
  central: join(ROOT, 'central/dist/cli/main.js'),
  sim: join(ROOT, 'firmware-sim/dist/cli/main.js'),
} as const;
