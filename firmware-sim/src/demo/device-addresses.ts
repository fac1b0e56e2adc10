import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CampusDevice } from '../campus/campus.js';
import { readerKind } from '../campus/reader-kinds.js';
import type { DemoPaths } from './demo-paths.js';

/** Longest path of a socket that a gateway takes. */
const SOCKET_PATH_MAX = 100;
const LOOPBACK = '127.0.0.1';

export interface DeviceAddress {
  /** Where the simulated device is, or whom it calls. */
  link: string;
  /** `port` in the configuration of the gateway. */
  port: string;
}

/** Where each device of the campus is connected, on both ends of its cable. */
export class DeviceAddresses {
  readonly #paths: DemoPaths;
  readonly #networkPorts: ReadonlyMap<string, number>;

  /** @param networkPorts a free port for each device on the network, by its id */
  constructor(paths: DemoPaths, networkPorts: ReadonlyMap<string, number>) {
    this.#paths = paths;
    this.#networkPorts = networkPorts;
  }

  of({ id, driver }: Pick<CampusDevice, 'id' | 'driver'>): DeviceAddress {
    const { connection } = readerKind(driver);
    const host = `${LOOPBACK}:${this.#networkPorts.get(id) ?? 0}`;
    switch (connection) {
      case 'pty': {
        const link = this.#paths.deviceLink(id);
        return { link, port: link };
      }
      case 'reports': {
        const link = this.#socket(id);
        return { link, port: `hid+unix:${link}` };
      }
      case 'calls': {
        // Its serial number is what it is known by.
        const link = `http://${host}/${id.toUpperCase()}`;
        return { link, port: link };
      }
      case 'called':
        return { link: `tcp://${host}`, port: `tcp://${host}` };
    }
  }

  /** Below a data folder with a long name a socket would have no room for its own. */
  #socket(id: string): string {
    const path = this.#paths.deviceLink(id);
    if (Buffer.byteLength(path) <= SOCKET_PATH_MAX) return path;
    const place = createHash('sha256').update(this.#paths.root).digest('hex').slice(0, 12);
    return join(tmpdir(), `rollcall-${place}`, id);
  }
}

/** Devices that need a port of their own on this machine. */
export const isOnNetwork = ({ driver }: CampusDevice): boolean =>
  ['calls', 'called'].includes(readerKind(driver).connection);
