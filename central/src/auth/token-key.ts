import { join } from 'node:path';
import { type FileKey, loadKeyFile } from '../people/key-file.js';

export type TokenKey = FileKey;

export interface TokenKeyLocation {
  dataDir: string;
  /** Somewhere else than in the data folder: replicas need the same one. */
  file?: string | undefined;
}

/** The keys that access tokens are signed with; the first signs. @throws RollcallError `KEY_INVALID` */
export function loadTokenKeys({ dataDir, file }: TokenKeyLocation): Promise<TokenKey[]> {
  return loadKeyFile({
    path: file ?? join(dataDir, 'keys', 'token-key'),
    what: 'The key of the access tokens',
    variable: 'ROLLCALL_TOKEN_KEY_FILE',
    loss: 'delete it and everybody has to sign in again',
  });
}
