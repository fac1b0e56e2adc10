import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const SECRET_FILE_MODE = 0o600;
const SECRET_FOLDER_MODE = 0o700;

/**
 * The content of a secret file, without the newline that editors add; made from `make` if there is none. A
 * file is written beside its place, synced and renamed, so that a crash leaves the old one or the new one.
 */
export async function keepSecretFile(path: string, make: () => string): Promise<string> {
  const existing = await readIfPresent(path);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true, mode: SECRET_FOLDER_MODE });
  const secret = make();
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = await open(temporary, 'w', SECRET_FILE_MODE);
    try {
      await file.writeFile(secret);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
  return secret;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
