import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { keepSecretFile } from '../people/secret-file.js';

const KEY_BYTES = 32;
const KEY_PATTERN = /^[0-9a-f]{64}$/i;
const KEY_ID_CHARACTERS = 8;

export interface TokenKey {
  id: string;
  bytes: Buffer;
}

export interface TokenKeyLocation {
  dataDir: string;
  /** Somewhere else than in the data folder: replicas need the same one. */
  file?: string;
}

/**
 * The keys that access tokens are signed with, made at first use. The first line signs; further lines, older
 * keys, are still believed until they are taken out of the file.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export async function loadTokenKeys({ dataDir, file }: TokenKeyLocation): Promise<TokenKey[]> {
  const path = file ?? join(dataDir, 'keys', 'token-key');
  const text = await keepSecretFile(path, () => randomBytes(KEY_BYTES).toString('hex')).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RollcallError(
        'KEY_INVALID',
        `The key of the access tokens can be neither read from nor made at ${path}: ${reason}. Let the user that ` +
          'central runs as read and write there, or name the file in ROLLCALL_TOKEN_KEY_FILE',
        { cause, context: { path } },
      );
    },
  );
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== '');
  if (keys.length > 0 && keys.every((line) => KEY_PATTERN.test(line))) return keys.map(toKey);
  throw new RollcallError(
    'KEY_INVALID',
    `${path} must hold ${KEY_BYTES} bytes as ${2 * KEY_BYTES} hex digits in each line; delete it and everybody has to sign in again`,
    { context: { path } },
  );
}

function toKey(hex: string): TokenKey {
  const bytes = Buffer.from(hex, 'hex');
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_CHARACTERS), bytes };
}
