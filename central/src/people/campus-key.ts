import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { keepSecretFile } from './secret-file.js';

const KEY_BYTES = 32;
const KEY_PATTERN = /^[0-9a-f]{64}$/i;

export interface CampusKeyLocation {
  dataDir: string;
  /** Somewhere else than in the data folder. */
  file?: string;
}

/** Where the key of the campus's card hashes lies. */
export const campusKeyPath = ({ dataDir, file }: CampusKeyLocation): string =>
  file ?? join(dataDir, 'keys', 'card-hash-key');

/**
 * The key of the campus's card hashes; made at first use. Whoever has it can find cards from their hashes.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export async function loadCampusKey(location: CampusKeyLocation): Promise<Buffer> {
  const path = campusKeyPath(location);
  const hex = await keepSecretFile(path, () => randomBytes(KEY_BYTES).toString('hex')).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RollcallError(
        'KEY_INVALID',
        `The key of the card hashes can be neither read from nor made at ${path}: ${reason}. Let the user that central ` +
          'runs as read and write there, or name the file in ROLLCALL_CARD_HASH_KEY_FILE',
        { cause, context: { path } },
      );
    },
  );
  if (!KEY_PATTERN.test(hex)) {
    throw new RollcallError(
      'KEY_INVALID',
      `${path} must hold ${KEY_BYTES} bytes as ${2 * KEY_BYTES} hex digits; restore it from a backup: with another key no card is recognized`,
      { context: { path } },
    );
  }
  return Buffer.from(hex, 'hex');
}

/** HMAC-SHA-256 of one value of a card, lower-case hex: what gateways send and credentials are stored as. */
export const cardHmac =
  (key: Buffer) =>
  (value: string): string =>
    createHmac('sha256', key).update(value, 'utf8').digest('hex');
