import { lstat, realpath, stat } from 'node:fs/promises';
import { parseTcpAddress } from './tcp-address.js';

/** What stands at a path right now. */
export interface PortIdentity {
  /** The device itself; another value means that an open connection leads somewhere else. */
  target: string;
  /** Changes also when the name was made anew for the same device, as a quick replug does. */
  entry: string;
}

/** Undefined while nothing is there, and always for addresses, which cannot be looked at. */
export type IdentifyPort = (port: string) => Promise<PortIdentity | undefined>;

/** False for ports that no folder lists. */
export function isWatchable(port: string): boolean {
  return parseTcpAddress(port) === undefined;
}

export const identifyPort: IdentifyPort = async (port) => {
  try {
    const target = await realpath(port);
    const [device, entry] = await Promise.all([stat(target), lstat(port)]);
    return {
      target: `${target} ${device.rdev} ${device.ino}`,
      entry: `${target} ${device.rdev} ${entry.ino} ${entry.ctimeMs}`,
    };
  } catch {
    // Gone, or going while it is looked at: both mean that nothing usable is there.
    return undefined;
  }
};
