import { lstat, realpath, stat } from 'node:fs/promises';
import { listHidNodes } from '../system/hid-nodes.js';
import { systemFiles } from '../system/system-files.js';
import { parseHidAddress } from './hid/hid-port.js';
import { parseHttpAddress } from './http-address.js';
import { parseTcpAddress } from './tcp-address.js';
import { parseUdpAddress } from './udp-address.js';

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
  return [parseTcpAddress, parseUdpAddress, parseHttpAddress].every((parse) => parse(port) === undefined);
}

export const identifyPort: IdentifyPort = async (port) => {
  try {
    const path = await pathOf(port);
    if (path === undefined) return undefined;
    const target = await realpath(path);
    const [device, entry] = await Promise.all([stat(target), lstat(path)]);
    return {
      target: `${target} ${device.rdev} ${device.ino}`,
      entry: `${target} ${device.rdev} ${entry.ino} ${entry.ctimeMs}`,
    };
  } catch {
    // Gone, or going while it is looked at: both mean that nothing usable is there.
    return undefined;
  }
};

/** Where a HID device stands now that is configured by its USB numbers; several of them are left to the opening. */
async function pathOf(port: string): Promise<string | undefined> {
  const address = parseHidAddress(port);
  if (address === undefined) return port;
  if (address.type === 'socket') return address.path;
  const nodes = await listHidNodes(systemFiles());
  return nodes.find(
    ({ vid, pid, serial }) =>
      vid === address.vid &&
      pid === address.pid &&
      (address.serial === undefined || address.serial === serial),
  )?.path;
}
