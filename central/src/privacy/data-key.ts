import { join } from 'node:path';
import { type FileKey, loadKeyFile } from '../people/key-file.js';

export interface DataKeyLocation {
  dataDir: string;
  /** Somewhere else than in the data folder: replicas need the same one. */
  file?: string | undefined;
}

/** The keys that contact data and documents are sealed with; the first seals. @throws RollcallError `KEY_INVALID` */
export function loadDataKeys({ dataDir, file }: DataKeyLocation): Promise<FileKey[]> {
  return loadKeyFile({
    path: file ?? join(dataDir, 'keys', 'data-key'),
    what: 'The key of sealed data',
    variable: 'ROLLCALL_DATA_KEY_FILE',
    loss: 'restore it from a backup: without it contact data and documents cannot be read',
  });
}
