import { readFile } from 'node:fs/promises';
import type { SystemFiles } from '../../system/system-files.js';
import { type Check, ok, warn } from './check.js';

const FILE = '99-rollcall.rules';
const FOLDERS = ['/etc/udev/rules.d', '/usr/lib/udev/rules.d', '/lib/udev/rules.d'] as const;
const OWN_COPY = new URL(`../../../packaging/${FILE}`, import.meta.url);

/** The udev rules of this version are in place: groups, names that stay, and ModemManager kept away. */
export function udevRules(files: SystemFiles, ownCopy: URL = OWN_COPY): Check {
  return {
    id: 'udev-rules',
    async run({ devices }) {
      if (!devices.some(({ port }) => port.startsWith('/dev/') || port.startsWith('hid:'))) return [];
      const remedy = `sudo install -m 0644 /opt/rollcall/gateway/packaging/${FILE} /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger`;
      const own = await readFile(ownCopy, 'utf8');
      for (const folder of FOLDERS) {
        const installed = await files.text(`${folder}/${FILE}`);
        if (installed === undefined) continue;
        return installed === own
          ? [ok(`${folder}/${FILE} is that of this version`)]
          : [warn(`${folder}/${FILE} is that of another version, or was changed`, remedy)];
      }
      return [warn(`${FILE} is not installed; readers then depend on the rules of the system`, remedy)];
    },
  };
}
