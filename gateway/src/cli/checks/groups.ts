import type { GatewayConfig } from '../../config/schema.js';
import { findDriver } from '../../drivers/registry.js';
import type { SystemFiles } from '../../system/system-files.js';
import { parseHidAddress } from '../../transport/hid/hid-port.js';
import { isWatchable } from '../../transport/port-identity.js';
import { type Check, fail, ok, warn } from './check.js';

export interface GroupsEdges {
  files: SystemFiles;
  /** Of this process. */
  userId: number;
  groupIds: readonly number[];
}

/** This user is in the groups that its readers need; being in them beats any chmod, which a replug undoes. */
export function groups({ files, userId, groupIds }: GroupsEdges): Check {
  return {
    id: 'groups',
    async run({ devices }) {
      const needed = neededGroups(devices);
      if (needed.length === 0) return [];
      if (userId === 0) {
        return [
          warn(
            'root may open everything, so that missing groups are not seen',
            'run the doctor as the user of the service: sudo -u rollcall rollcall-gateway doctor',
          ),
        ];
      }
      const ids = parseGroups((await files.text('/etc/group')) ?? '');
      return needed.map((name) => {
        const id = ids.get(name);
        if (id === undefined) {
          return fail(
            `there is no group ${name}`,
            `sudo groupadd --system ${name}, and install packaging/99-rollcall.rules`,
          );
        }
        return groupIds.includes(id)
          ? ok(`this user is in the group ${name}`)
          : fail(
              `this user is not in the group ${name}`,
              `sudo usermod -aG ${name} rollcall, then restart the service`,
            );
      });
    },
  };
}

function neededGroups(devices: GatewayConfig['devices']): string[] {
  const needed = devices.flatMap(({ driver, port }) => {
    const link = findDriver(driver)?.link;
    if (link?.kind !== 'hid') return isWatchable(port) && port.startsWith('/dev/') ? ['dialout'] : [];
    if (parseHidAddress(port)?.type === 'socket') return [];
    if (port.startsWith('/dev/input/')) return ['input'];
    return link.exclusive ? ['plugdev', 'input'] : ['plugdev'];
  });
  return [...new Set(needed)];
}

/** `name:password:id:members` lines. */
function parseGroups(text: string): Map<string, number> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name = '', , id = ''] = line.split(':');
      return /^\d+$/.test(id) ? [[name, Number(id)] as const] : [];
    }),
  );
}
