import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes renames and new files in a directory survive a power cut. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
