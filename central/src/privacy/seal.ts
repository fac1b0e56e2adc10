import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FileKey } from '../people/key-file.js';

const ALGORITHM = 'aes-256-gcm';
/** First byte of every sealed value: what follows is key id (4 bytes), nonce, tag, ciphertext. */
const VERSION = 1;
const KEY_ID_BYTES = 4;
/** NIST SP 800-38D: 96-bit nonces, drawn at random for each value; 128-bit tags. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A sealed value has at least these; fewer bytes are no sealed value, such as what is left of a revoked template. */
export const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/** Where a sealed value belongs: one that is copied to another row or column does not open. */
export interface SealedPlace {
  table: string;
  column: string;
  /** Primary key of the row. */
  row: string;
}

export interface Seal {
  seal(plain: Uint8Array, place: SealedPlace): Buffer;
  /** @throws RollcallError `SEAL_BROKEN` where the key is gone, the place is another one, or a bit has changed */
  open(sealed: Uint8Array, place: SealedPlace): Buffer;
  sealText(plain: string, place: SealedPlace): Buffer;
  openText(sealed: Uint8Array, place: SealedPlace): string;
}

/** AES-256-GCM with keys that are not in the database (domain F3): a dump alone tells nothing. */
export function createSeal(keys: readonly FileKey[]): Seal {
  const [newest] = keys;
  if (newest === undefined) throw new RollcallError('INTERNAL', 'there is no key to seal with');
  const keyOf = new Map(keys.map((key) => [key.id, key.bytes]));

  function seal(plain: Uint8Array, place: SealedPlace): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, (newest as FileKey).bytes, nonce);
    cipher.setAAD(placeBytes(place));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([
      Buffer.of(VERSION),
      Buffer.from((newest as FileKey).id, 'hex'),
      nonce,
      cipher.getAuthTag(),
      body,
    ]);
  }

  function open(sealed: Uint8Array, place: SealedPlace): Buffer {
    const bytes = Buffer.from(sealed);
    const key = keyOf.get(bytes.toString('hex', 1, 1 + KEY_ID_BYTES));
    if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION || key === undefined) throw broken(place);
    const nonce = bytes.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, nonce);
    decipher.setAAD(placeBytes(place));
    decipher.setAuthTag(bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]);
    } catch (cause) {
      throw broken(place, cause);
    }
  }

  return {
    seal,
    open,
    sealText: (plain, place) => seal(Buffer.from(plain, 'utf8'), place),
    openText: (sealed, place) => open(sealed, place).toString('utf8'),
  };
}

const placeBytes = ({ table, column, row }: SealedPlace): Buffer =>
  Buffer.from(JSON.stringify([table, column, row]), 'utf8');

function broken({ table, column, row }: SealedPlace, cause?: unknown): RollcallError {
  return new RollcallError(
    'SEAL_BROKEN',
    `The sealed ${column} of ${table} ${row} cannot be opened: its key is not in the key file, or it was changed or moved. Restore the key file, or enter the value again`,
    { cause, context: { table, column, row } },
  );
}
