import { readFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';

const KEY_PATTERN = /^[0-9a-f]{64}$/i;

/**
 * A campus key: 32 bytes as hex, the same on every gateway.
 *
 * @param name of the file that was provisioned
 * @throws RollcallError `KEY_INVALID`
 */
export function readKeyFile(file: string, name: string): Buffer {
  const remedy = `copy ${name} of this gateway from the directory that \`rollcall-central seed --provision-dir\` wrote`;
  const text = read(file, { name, remedy });
  if (!KEY_PATTERN.test(text)) {
    throw new RollcallError('KEY_INVALID', `${file} does not hold 64 hex digits; ${remedy}`);
  }
  return Buffer.from(text, 'hex');
}

function read(file: string, { name, remedy }: { name: string; remedy: string }): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const isForbidden = (cause as NodeJS.ErrnoException).code === 'EACCES';
    const advice = isForbidden
      ? 'make it readable for the group of the service (chgrp rollcall, chmod 640)'
      : remedy;
    throw new RollcallError('KEY_INVALID', `The campus key ${name} in ${file} cannot be read; ${advice}`, {
      cause,
    });
  }
}
