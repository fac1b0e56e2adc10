import { access, constants } from 'node:fs/promises';
import { isUnstablePort } from '../../config/port.js';
import { isWatchable } from '../../transport/port-identity.js';
import { type Check, type Finding, fail, ok, warn } from './check.js';

/** Every serial port is there and may be opened. */
export const ports: Check = {
  id: 'ports',
  async run({ devices }) {
    const serial = devices.filter(({ port }) => isWatchable(port));
    return Promise.all(serial.map(({ id, port }) => checkPort(id, port)));
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
        'sudo usermod -aG dialout rollcall, then restart the service',
      );
    }
    return fail(
      `${id}: nothing is at ${port}`,
      'plug the reader in, or correct its port ("ls -l /dev/serial/by-id/")',
    );
  }
}

/** Names that survive a replug and a restart. */
export const stableNames: Check = {
  id: 'stable-names',
  async run({ devices }) {
    const unstable = devices.filter(({ port }) => isUnstablePort(port));
    if (unstable.length === 0) return [ok('every serial port has a lasting name')];
    return unstable.map(({ id, port }) =>
      warn(
        `${id}: ${port} may be another reader after the next restart`,
        'write its name under /dev/serial/by-id/ instead',
      ),
    );
  },
};
