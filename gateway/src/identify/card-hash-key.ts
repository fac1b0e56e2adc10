import { readKeyFile } from './key-file.js';
import { type HmacHex, keyedHash } from './keyed-hash.js';

/**
 * Reads the campus card key, the same on every gateway: without it no card can be told from another.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function loadCardHashKey(file: string): HmacHex {
  return keyedHash(readKeyFile(file, 'card-hash-key'));
}
