import type { SystemFiles } from './system-files.js';

/**
 * What a process has open, each with every link followed; undefined where this user may not see it: the process
 * belongs to somebody else.
 */
export async function heldFiles(files: SystemFiles, pid: string): Promise<ReadonlySet<string> | undefined> {
  const folder = `/proc/${pid}/fd`;
  const numbers = await files.list(folder);
  if (numbers.length === 0) return undefined;
  const held = await Promise.all(numbers.map((number) => files.realpath(`${folder}/${number}`)));
  return new Set(held.filter((path) => path !== undefined));
}
