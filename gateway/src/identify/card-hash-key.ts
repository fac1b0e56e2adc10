import { createHmac } from 'node:crypto';
import { readKeyFile } from './key-file.js';

/** HMAC-SHA-256 under the campus card key, lower-case hex. */
export type HmacHex = (text: string) => string;

/**
 * Reads the campus card key, the same on every gateway: without it no card can be told from another.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function loadCardHashKey(file: string): HmacHex {
  const key = readKeyFile(file, 'card-hash-key');
  return (value) => createHmac('sha256', key).update(value, 'utf8').digest('hex');
}
