import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';

const KEY_PATTERN = /^[0-9a-f]{64}$/i;
const REMEDY =
  'copy card-hash-key of this gateway from the directory that `rollcall-central seed --provision-dir` wrote';

/** HMAC-SHA-256 under the campus card key, lower-case hex. */
export type HmacHex = (text: string) => string;

/**
 * Reads the campus card key, the same on every gateway: without it no card can be told from another.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function loadCardHashKey(file: string): HmacHex {
  const text = readKeyFile(file);
  if (!KEY_PATTERN.test(text)) {
    throw new RollcallError('KEY_INVALID', `${file} does not hold 64 hex digits; ${REMEDY}`);
  }
  const key = Buffer.from(text, 'hex');
  return (value) => createHmac('sha256', key).update(value, 'utf8').digest('hex');
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const isForbidden = (cause as NodeJS.ErrnoException).code === 'EACCES';
    const remedy = isForbidden
      ? 'make it readable for the group of the service (chgrp rollcall, chmod 640)'
      : REMEDY;
    throw new RollcallError('KEY_INVALID', `The campus card key ${file} cannot be read; ${remedy}`, {
      cause,
    });
  }
}
