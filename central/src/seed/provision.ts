import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { keepSecretFile } from '../people/secret-file.js';

const PASSWORD_BYTES = 32;
const KEY_BYTES = 32;

export interface Provision {
  gatewayIds: readonly string[];
  directory: string;
  campusKey: Buffer;
}

/**
 * Writes what each gateway needs to be told once, `mqtt-password`, `card-hash-key` and `template-key`, and lets central know
 * the passwords. Files that exist are kept: a gateway that has its password goes on with it.
 */
export async function provisionGateways(
  trx: Knex,
  { gatewayIds, directory, campusKey }: Provision,
): Promise<void> {
  const secrets: { id: string; secret_sha256: string }[] = [];
  // Central has no use for it and keeps it nowhere: it lies with what the next gateway will be given.
  const templateKey = await keepIn(directory, 'template-key', () => randomBytes(KEY_BYTES).toString('hex'));
  for (const id of gatewayIds) {
    const keep = (name: string, make: () => string) => keepIn(join(directory, id), name, make);
    const password = await keep('mqtt-password', () => randomBytes(PASSWORD_BYTES).toString('base64url'));
    await keep('card-hash-key', () => campusKey.toString('hex'));
    await keep('template-key', () => templateKey);
    secrets.push({ id, secret_sha256: createHash('sha256').update(password, 'utf8').digest('hex') });
  }
  await trx.raw(
    `UPDATE gateway g SET secret_sha256 = decode(r.secret_sha256, 'hex')
     FROM jsonb_to_recordset(?::jsonb) AS r (id text, secret_sha256 text) WHERE g.id = r.id`,
    [JSON.stringify(secrets)],
  );
}

async function keepIn(folder: string, name: string, make: () => string): Promise<string> {
  try {
    return await keepSecretFile(join(folder, name), make);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError(
      'SEED_INVALID',
      `The secrets of a gateway can be neither read from nor written to ${folder}: ${reason}. Choose a folder with ` +
        '--provision-dir that this user may write to; nothing was loaded',
      { cause },
    );
  }
}
