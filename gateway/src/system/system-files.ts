import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';

/** What the gateway looks at of the running system: `/sys`, `/proc`, `/dev`, `/etc`. Nothing is ever written. */
export interface SystemFiles {
  /** Undefined where there is no such file, or none that may be read. */
  text(path: string): Promise<string | undefined>;
  bytes(path: string): Promise<Uint8Array | undefined>;
  /** Sorted; empty where there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** With every link followed; undefined where it leads nowhere. */
  realpath(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Whether this user may read and write it. */
  mayUse(path: string): Promise<boolean>;
}

/** @param root in tests a folder that stands for `/`; links in it must be relative. */
export function systemFiles(root = '/'): SystemFiles {
  const at = (path: string): string => join(root, path);
  const orUndefined = async <T>(promise: Promise<T>): Promise<T | undefined> => {
    try {
      return await promise;
    } catch {
      // Gone while it was looked at, or closed to this user: what cannot be read is not there.
      return undefined;
    }
  };
  return {
    text: (path) => orUndefined(readFile(at(path), 'utf8')),
    bytes: (path) => orUndefined(readFile(at(path))),
    list: async (folder) => ((await orUndefined(readdir(at(folder)))) ?? []).sort(),
    exists: async (path) => (await orUndefined(stat(at(path)))) !== undefined,
    mayUse: async (path) =>
      (await orUndefined(access(at(path), constants.R_OK | constants.W_OK).then(() => true))) ?? false,
    realpath: async (path) => {
      const [real, top] = [await orUndefined(realpath(at(path))), await orUndefined(realpath(root))];
      if (real === undefined || top === undefined) return undefined;
      const below = relative(top, real);
      return isAbsolute(below) || below.startsWith('..') ? real : `/${below}`;
    },
  };
}
