import { statfsSync } from 'node:fs';

export interface DiskSpace {
  freeBytes: number;
  totalBytes: number;
}

/** Asks about the disk under the data directory; injected where a test needs a full one. */
export type ReadDisk = () => DiskSpace;

const GIB = 1024 ** 3;
/**
 * A share alone says little: 15 % of a large disk is years of punches. Space is short only where the share
 * (edge §4.4) and the absolute amount are both small.
 */
const AMBER = { usedShare: 0.7, freeBytesBelow: 4 * GIB };
const SHORT = { usedShare: 0.85, freeBytesBelow: 2 * GIB };

export function diskReader(directory: string): ReadDisk {
  return () => {
    const { bavail, blocks, bsize } = statfsSync(directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  };
}

/** `amber`: tell people. `short`: delete acked rows before their time. */
export function diskLevel({ freeBytes, totalBytes }: DiskSpace): 'ok' | 'amber' | 'short' {
  const usedShare = totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes;
  const isBeyond = (limit: typeof AMBER) => usedShare >= limit.usedShare && freeBytes < limit.freeBytesBelow;
  if (isBeyond(SHORT)) return 'short';
  return isBeyond(AMBER) ? 'amber' : 'ok';
}
