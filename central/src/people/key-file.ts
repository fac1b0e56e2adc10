import { createHash, randomBytes } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { keepSecretFile } from './secret-file.js';

const KEY_BYTES = 32;
const KEY_PATTERN = /^[0-9a-f]{64}$/i;
const KEY_ID_CHARACTERS = 8;

export interface FileKey {
  /** From the key itself, so that every replica names it alike. */
  id: string;
  bytes: Buffer;
}

export interface KeyFile {
  path: string;
  /** For whoever has to repair it: "The key of the access tokens". */
  what: string;
  /** The environment variable that names another place. */
  variable: string;
  /** What it means to lose the file. */
  loss: string;
}

/**
 * Keys of 256 bits, one in each line as hex, made at first use. The first is used for new values; further
 * lines, older keys, are still understood until they are taken out of the file.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export async function loadKeyFile({ path, what, variable, loss }: KeyFile): Promise<FileKey[]> {
  const text = await keepSecretFile(path, () => randomBytes(KEY_BYTES).toString('hex')).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RollcallError(
        'KEY_INVALID',
        `${what} can be neither read from nor made at ${path}: ${reason}. Let the user that central runs as read and ` +
          `write there, or name the file in ${variable}`,
        { cause, context: { path } },
      );
    },
  );
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length > 0 && lines.every((line) => KEY_PATTERN.test(line))) return lines.map(toKey);
  throw new RollcallError(
    'KEY_INVALID',
    `${path} must hold ${KEY_BYTES} bytes as ${2 * KEY_BYTES} hex digits in each line; ${loss}`,
    { context: { path } },
  );
}

function toKey(hex: string): FileKey {
  const bytes = Buffer.from(hex, 'hex');
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_CHARACTERS), bytes };
}
