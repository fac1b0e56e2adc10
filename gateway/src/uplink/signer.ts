import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signEd25519,
} from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { encodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { syncDirectory } from '../store/directory.js';

export const KEY_FILE = 'gateway-key.pem';
const KEY_ID_DIGITS = 16;
const OTHERS_MODE = 0o077;

export interface Signer {
  readonly keyId: string;
  /** Base64 of the raw 32 bytes, as central registers it. */
  readonly publicKey: string;
  /** The signed batch as it travels. */
  seal(body: Uint8Array): Uint8Array;
}

/**
 * Reads the gateway's Ed25519 key, or makes it at the first start. A file that is there and wrong is never
 * overwritten: central knows the key it held.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function loadSigner(file: string): Signer {
  try {
    if (!existsSync(file)) createKey(file);
  } catch (cause) {
    throw new RollcallError(
      'KEY_INVALID',
      `The signing key ${file} cannot be made; make gateway.data_dir a folder that the gateway's user can write`,
      { cause },
    );
  }
  const privateKey = readKey(file);
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const raw = Buffer.from(x, 'base64url');
  const keyId = createHash('sha256').update(raw).digest('hex').slice(0, KEY_ID_DIGITS);
  return {
    keyId,
    publicKey: raw.toString('base64'),
    seal: (body) => encodeSignedBatch({ keyId, signature: signEd25519(null, body, privateKey), body }),
  };
}

function readKey(file: string): KeyObject {
  if ((statSync(file).mode & OTHERS_MODE) !== 0) {
    throw new RollcallError(
      'KEY_INVALID',
      `${file} can be read by others; run chmod 600 on it, or make a new key`,
    );
  }
  const pem = readPem(file);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw invalid(file, cause);
  }
  throw invalid(file);
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new RollcallError(
      'KEY_INVALID',
      `${file} may not be read by this user; give it to the user of the service (chown rollcall) and run every command as that user`,
      { cause },
    );
  }
}

function invalid(file: string, cause?: unknown): RollcallError {
  return new RollcallError(
    'KEY_INVALID',
    `${file} holds no Ed25519 private key; restore it from the backup, or move it away and register the new key in central`,
    { cause },
  );
}

/** Written aside, synced and renamed: a power cut leaves the whole key or none. */
function createKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const building = `${file}.new`;
  const handle = openSync(building, 'w', 0o600);
  try {
    writeSync(handle, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(building, file);
  syncDirectory(dirname(file));
}
