import { readFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';

/**
 * The content of a secret file that an option names, without the newline that editors add.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const isForbidden = (cause as NodeJS.ErrnoException).code === 'EACCES';
    const remedy = isForbidden
      ? 'make it readable for the group of the service (chgrp rollcall, chmod 640)'
      : 'put the key there, or correct the path in the configuration';
    throw new RollcallError('KEY_INVALID', `The key file ${file} cannot be read; ${remedy}`, { cause });
  }
}
