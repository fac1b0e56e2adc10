import { access, constants } from 'node:fs/promises';
import { hasCode } from '@rollcall/protocol/errors';
import { isUnstablePort, lastingNameOf } from '../../config/port.js';
import type { HidLink } from '../../drivers/driver.js';
import { findDriver } from '../../drivers/registry.js';
import type { SystemFiles } from '../../system/system-files.js';
import { findHidNode } from '../../transport/hid/find-hid-node.js';
import { parseHidAddress } from '../../transport/hid/hid-port.js';
import { type Check, type Finding, fail, ok, warn } from './check.js';

/** Every port that is a path is there and may be opened. */
export const ports: Check = {
  id: 'ports',
  async run({ devices }) {
    const paths = devices.filter(({ port }) => port.startsWith('/'));
    return Promise.all(paths.map(({ id, port }) => checkPort(id, port)));
  },
};

async function checkPort(id: string, port: string): Promise<Finding> {
  try {
    await access(port, constants.R_OK | constants.W_OK);
    return ok(`${id}: ${port} is there and may be opened`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      return fail(
        `${id}: this user may not open ${port}`,
        `sudo usermod -aG ${port.startsWith('/dev/input/') ? 'input' : 'dialout'} rollcall, then restart the service`,
      );
    }
    return fail(
      `${id}: nothing is at ${port}`,
      'plug the reader in, or correct its port ("rollcall-gateway discover" lists what is there)',
    );
  }
}

/** Every USB-HID device is there once, in the right mode, and may be opened with its keys. */
export function hidPorts(files: SystemFiles): Check {
  return {
    id: 'hid-ports',
    async run({ devices }) {
      const findings = devices.map(async ({ id, driver, port }): Promise<Finding[]> => {
        const link = findDriver(driver)?.link;
        if (link?.kind !== 'hid' || parseHidAddress(port)?.type !== 'usb') return [];
        return [await checkHid(files, { id, port, link })];
      });
      return (await Promise.all(findings)).flat();
    },
  };
}

async function checkHid(
  files: SystemFiles,
  { id, port, link }: { id: string; port: string; link: HidLink },
): Promise<Finding> {
  const address = parseHidAddress(port);
  if (address?.type !== 'usb') throw new TypeError(`${port} has no USB numbers`);
  try {
    const node = await findHidNode(files, address, link);
    const needed = [node.path, ...(link.exclusive ? node.inputs : [])];
    for (const path of needed) {
      if (await files.mayUse(path)) continue;
      return fail(
        `${id}: this user may not open ${path}`,
        'install packaging/99-rollcall.rules, "sudo usermod -aG plugdev,input rollcall", plug the reader in again, and restart the service',
      );
    }
    return ok(`${id}: ${port} is ${node.path} and may be opened`);
  } catch (error) {
    if (!hasCode(error, 'PORT_ABSENT') && !hasCode(error, 'DEVICE_AMBIGUOUS')) throw error;
    return fail(`${id}: ${port} cannot be found`, error.message.replace(` (${error.code})`, ''));
  }
}

/** Names that survive a replug and a restart. */
export const stableNames: Check = {
  id: 'stable-names',
  async run({ devices }) {
    const unstable = devices.filter(({ port }) => isUnstablePort(port));
    if (unstable.length === 0) return [ok('every port has a lasting name')];
    return unstable.map(({ id, port }) =>
      warn(
        `${id}: ${port} may be another reader after the next restart`,
        `write its lasting name instead: ${lastingNameOf(port)}`,
      ),
    );
  },
};
