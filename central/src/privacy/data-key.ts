import { statSync } from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Log } from '../log.js';
import { type FileKey, loadKeyFile } from '../people/key-file.js';
import { keysInUse, type SealedWith } from './sealed-keys.js';

export interface DataKeyLocation {
  dataDir: string;
  /** Somewhere else than in the data folder: replicas need the same one. */
  file?: string | undefined;
}

const VARIABLE = 'ROLLCALL_DATA_KEY_FILE';

/**
 * The keys that contact data and documents are sealed with; the first seals. A new one is made for a new database only:
 * beside one that has something sealed it would open nothing, and hide that the right one is missing.
 *
 * @throws RollcallError `KEY_INVALID`, also where there is no file and the database has values that only its keys open
 */
export async function loadDataKeys(
  knex: Knex,
  { dataDir, file, log }: DataKeyLocation & { log?: Pick<Log, 'error'> },
): Promise<FileKey[]> {
  const path = file ?? join(dataDir, 'keys', 'data-key');
  const needed = await keysInUse(knex);
  if (needed.length > 0 && isMissing(path)) throw keysGone(path, needed, await filesOf(knex));
  const keys = await loadKeyFile({
    path,
    what: 'The key of sealed data',
    variable: VARIABLE,
    loss: 'restore it from a backup: without it contact data and documents cannot be read',
  });
  const known = new Set(keys.map(({ id }) => id));
  const missing = needed.filter(({ keyId }) => !known.has(keyId));
  if (missing.length > 0) {
    log?.error(
      { code: 'SEAL_BROKEN', path, missing },
      'some of what is sealed in the database cannot be opened: its keys are not in the key file. ' +
        'Add their lines from a backup of the file, below the first one and in the order they had, the oldest last, and start ' +
        'again; or enter the values again. Phones are known by the last line: where some were bound since the lines are missing, ' +
        'read in docs/operations.md first which phones the order of the lines makes unknown',
    );
  }
  return keys;
}

/**
 * Nothing is there, and that is known: in a folder that may not be entered there may be a good key, and nobody is to be
 * told to put another one in its place.
 */
function isMissing(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

/** Where the files of the database are; undefined where its user may not know. */
async function filesOf(knex: Knex): Promise<string | undefined> {
  const row = await knex('pg_settings')
    .where({ name: 'data_directory' })
    .first<{ setting: string }>('setting');
  return row?.setting;
}

function keysGone(path: string, needed: readonly SealedWith[], files: string | undefined): RollcallError {
  const ids = needed.map(({ keyId }) => keyId).join(', ');
  const places = [...new Set(needed.flatMap((one) => one.places))].join(', ');
  return new RollcallError(
    'KEY_INVALID',
    `There is no key file at ${path}, but the database has values that are sealed (${places}; keys ${ids}). Restore the file ` +
      `from a backup, or name it in ${VARIABLE}. If it is lost, put a new key there (openssl rand -hex 32): what was sealed ` +
      `is lost with it, and is entered again, and bound phones are unknown (DEVICE_NOT_BOUND) and are bound again. ` +
      `To begin anew, remove the database as well${files === undefined ? '' : ` (its files are in ${files})`}`,
    { context: { path, missing: needed } },
  );
}
