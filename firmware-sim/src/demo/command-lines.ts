import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RollcallError } from '@rollcall/protocol/errors';

/** The command lines of the other workspaces: spawned, never imported. */
export interface CommandLines {
  central: string;
  gateway: string;
}

export function builtCommandLines(): CommandLines {
  return { central: built('central'), gateway: built('gateway') };
}

function built(workspace: string): string {
  const path = fileURLToPath(new URL(`../../../${workspace}/dist/cli/main.js`, import.meta.url));
  if (existsSync(path)) return path;
  throw new RollcallError('DEMO_CHILD_FAILED', `${path} is not there. Build first: npm run build.`);
}
