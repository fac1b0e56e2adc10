import { readFile, stat } from 'node:fs/promises';
import { hasCode } from '@rollcall/protocol/errors';
import type { GatewayConfig } from '../../config/schema.js';
import { loadCardHashKey } from '../../identify/card-hash-key.js';
import { type Check, type Finding, fail, ok } from './check.js';

/** Nobody but the owner may read, nobody but the owner and group may look. */
const OTHERS = 0o007;
const GROUP_WRITE = 0o020;

/** Secrets are there, not empty, and closed to other users. */
export const secretFiles: Check = {
  id: 'secret-files',
  run: ({ uplink, identify }: GatewayConfig) =>
    Promise.all([
      checkSecret('uplink.password_file', uplink.passwordFile),
      checkCardHashKey('identify.card_hash_key_file', identify.cardHashKeyFile),
    ]),
};

async function checkCardHashKey(key: string, file: string): Promise<Finding> {
  const finding = await checkSecret(key, file);
  if (finding.verdict !== 'ok') return finding;
  try {
    loadCardHashKey(file);
    return finding;
  } catch (error) {
    if (!hasCode(error, 'KEY_INVALID')) throw error;
    return fail(
      `${key}: ${file} does not hold 64 hex digits`,
      'copy the file of this gateway from central again',
    );
  }
}

async function checkSecret(key: string, file: string): Promise<Finding> {
  try {
    const { mode } = await stat(file);
    if ((mode & (OTHERS | GROUP_WRITE)) !== 0) {
      return fail(`${key}: ${file} is open to other users`, `sudo chmod 640 ${file}`);
    }
    if ((await readFile(file, 'utf8')).trim() === '') {
      return fail(`${key}: ${file} is empty`, 'copy the file of this gateway from central again');
    }
    return ok(`${key}: ${file} is there and closed to others`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES')
      return fail(`${key}: ${file} may not be read`, `sudo chgrp rollcall ${file} && sudo chmod 640 ${file}`);
    return fail(
      `${key}: ${file} is missing`,
      'copy the file of this gateway from central ("rollcall-central seed --provision-dir")',
    );
  }
}
