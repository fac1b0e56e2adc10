import { systemClock } from '@rollcall/protocol/system-clock';
import type { DeviceConfig } from '../../config/schema.js';
import { tryDevice } from '../../discovery/try-device.js';
import { findDriver } from '../../drivers/registry.js';
import type { SystemFiles } from '../../system/system-files.js';
import { createOpenTransport } from '../../transport/open-transport.js';
import type { OpenTransport } from '../../transport/transport.js';
import { type Check, type Finding, fail, ok } from './check.js';

export interface DevicesEdges {
  files: SystemFiles;
  openTransport: OpenTransport;
}

const PID_FILE = 'gateway.pid';
const OURS = /rollcall|gateway/;

/**
 * Each device answers. While the gateway runs it has them, and a second opener would take bytes away from it: then nothing is
 * opened, and its own word is where to look.
 */
export function deviceHealth({ files, openTransport }: DevicesEdges): Check {
  return {
    id: 'devices',
    async run({ devices, gateway }) {
      if (devices.length === 0) return [];
      const pid = await runningGateway(files, gateway.dataDir);
      if (pid !== undefined) {
        return [
          ok(
            `not asked: the gateway is running (process ${pid}) and has them; it shows their state on the Live page and in "journalctl -u rollcall-gateway"`,
          ),
        ];
      }
      return Promise.all(devices.map((device) => tryOne(device, openTransport)));
    },
  };
}

export const systemDeviceHealth = (files: SystemFiles): Check =>
  deviceHealth({ files, openTransport: createOpenTransport(systemClock, files) });

/** By its number and name: the lock itself is not touched, since it would then belong to whoever runs the doctor. */
async function runningGateway(files: SystemFiles, dataDir: string): Promise<string | undefined> {
  const pid = (await files.text(`${dataDir}/${PID_FILE}`))?.trim() ?? '';
  if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return undefined;
  const command = await files.text(`/proc/${pid}/cmdline`);
  return command !== undefined && OURS.test(command) ? pid : undefined;
}

async function tryOne(
  { id, driver: driverId, port, options }: DeviceConfig,
  openTransport: OpenTransport,
): Promise<Finding> {
  const driver = findDriver(driverId);
  if (driver === undefined) return fail(`${id}: there is no driver ${driverId}`, 'correct the configuration');
  const outcome = await tryDevice({ driver, port, options, openTransport, clock: systemClock });
  switch (outcome.type) {
    case 'answered':
      return ok(`${id}: answers as ${driverId}`);
    case 'opened':
      return ok(
        `${id}: can be opened; this family cannot be asked: show it a card with "rollcall-gateway monitor --driver ${driverId} --port ${port}"`,
      );
    default:
      return fail(
        `${id}: ${outcome.reason.code}`,
        outcome.reason.message.replace(` (${outcome.reason.code})`, ''),
      );
  }
}
