import { readFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';

const KEY_BYTES = 32;
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
  // Buffer.from would put it into the memory that small Buffers share and take along to workers.
  const key = Buffer.alloc(KEY_BYTES);
  key.write(text, 'hex');
  return key;
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
