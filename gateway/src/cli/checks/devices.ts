import type { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import type { DeviceConfig } from '../../config/schema.js';
import { toRollcallError } from '../../devices/device-connection.js';
import { tryDevice } from '../../discovery/try-device.js';
import { findDriver } from '../../drivers/registry.js';
import type { GatewayState } from '../../features/state-socket.js';
import { heldFiles } from '../../system/held-files.js';
import type { SystemFiles } from '../../system/system-files.js';
import { type HttpAddress, parseHttpAddress } from '../../transport/http-address.js';
import { createOpenTransport } from '../../transport/open-transport.js';
import type { OpenTransport } from '../../transport/transport.js';
import { tryListening } from '../../transport/try-listening.js';
import { type AskGateway, askGateway } from '../ask-gateway.js';
import { type Check, type Finding, fail, ok, warn } from './check.js';

export interface DevicesEdges {
  files: SystemFiles;
  openTransport: OpenTransport;
  ask: AskGateway;
}

const PID_FILE = 'gateway.pid';
const OURS = /rollcall|gateway/;
const ITS_WORD = 'the Live page and "journalctl -u rollcall-gateway"';

/**
 * Each device answers. While the gateway runs it has them, and a second opener would take bytes away from it: then nothing is
 * opened, and it says itself how each of them fares. Where it cannot be asked, which ports it holds is seen from outside.
 */
export function deviceHealth({ files, openTransport, ask }: DevicesEdges): Check {
  return {
    id: 'devices',
    async run({ devices, gateway }) {
      if (devices.length === 0) return [];
      const pid = await runningGateway(files, gateway.dataDir);
      if (pid !== undefined) {
        const [held, state] = await Promise.all([heldFiles(files, pid), ask(gateway.dataDir)]);
        return Promise.all(
          devices.map((device) =>
            state === undefined ? besideGateway(device, { files, pid, held }) : asTold(device, state),
          ),
        );
      }
      const edges = { openTransport, listening: new Map<string, Promise<void>>() };
      return Promise.all(devices.map((device) => tryOne(device, edges)));
    },
  };
}

export const systemDeviceHealth = (files: SystemFiles): Check =>
  deviceHealth({ files, openTransport: createOpenTransport(systemClock, files), ask: askGateway });

/** By its number and name: the lock itself is not touched, since it would then belong to whoever runs the doctor. */
async function runningGateway(files: SystemFiles, dataDir: string): Promise<string | undefined> {
  const pid = (await files.text(`${dataDir}/${PID_FILE}`))?.trim() ?? '';
  if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return undefined;
  const command = await files.text(`/proc/${pid}/cmdline`);
  return command !== undefined && OURS.test(command) ? pid : undefined;
}

/** In the words of the gateway that has it. */
function asTold({ id, port }: DeviceConfig, { devices }: GatewayState): Finding {
  const status = devices.find((one) => one.device_id === id);
  if (status === undefined) {
    return warn(
      `${id}: the running gateway was started without it`,
      'start it again to use it: systemctl restart rollcall-gateway',
    );
  }
  const { state, since, problem, last_frame_at: heardAt } = status;
  const heard = heardAt === null ? '' : `, last heard ${heardAt}`;
  const http = parseHttpAddress(port);
  const menu = http === undefined ? '' : `; ${inItsMenu(http)}`;
  const text = `${id}: ${state} since ${since}${heard}, says the running gateway${menu}`;
  if (problem !== null) {
    const isFailing = state === 'absent' || state === 'blocked';
    return (isFailing ? fail : warn)(`${text}: ${problem.code}`, problem.message);
  }
  return state === 'ready' ? ok(text) : warn(text, 'look again in a minute; it tries again by itself');
}

interface Beside {
  files: SystemFiles;
  pid: string;
  /** Undefined where this user may not see it. */
  held: ReadonlySet<string> | undefined;
}

/** A port that the gateway holds is busy for everybody else and just as it should be. */
async function besideGateway({ id, port }: DeviceConfig, { files, pid, held }: Beside): Promise<Finding> {
  const http = parseHttpAddress(port);
  if (http !== undefined) {
    return ok(`${id}: the running gateway (process ${pid}) listens; ${inItsMenu(http)}`);
  }
  if (held === undefined || !port.startsWith('/')) {
    return ok(`${id}: not asked, the gateway is running (process ${pid}); its state is on ${ITS_WORD}`);
  }
  const real = await files.realpath(port);
  if (real !== undefined && held.has(real)) {
    return ok(`${id}: ${port} is held by the running gateway (process ${pid}); its state is on ${ITS_WORD}`);
  }
  return warn(
    `${id}: the running gateway (process ${pid}) does not have ${port} open at this moment`,
    `look at ${ITS_WORD} for the reason; it tries again by itself`,
  );
}

interface TrialEdges {
  openTransport: OpenTransport;
  /** Several terminals may call one address, which is tried once. */
  listening: Map<string, Promise<void>>;
}

async function tryOne(
  { id, driver: driverId, port, options }: DeviceConfig,
  { openTransport, listening }: TrialEdges,
): Promise<Finding> {
  const driver = findDriver(driverId);
  if (driver === undefined) return fail(`${id}: there is no driver ${driverId}`, 'correct the configuration');
  const http = parseHttpAddress(port);
  if (http !== undefined) return tryAddress(id, http, listening);
  const outcome = await tryDevice({ driver, port, options, openTransport, clock: systemClock });
  switch (outcome.type) {
    case 'answered':
      return outcome.problems.length === 0
        ? ok(`${id}: answers as ${driverId}`)
        : warn(`${id}: answers as ${driverId}, but is not well`, outcome.problems.join('; '));
    case 'opened':
      return ok(
        `${id}: can be opened; this family cannot be asked: show it a card with "rollcall-gateway monitor --driver ${driverId} --port ${port}"`,
      );
    default:
      return failure(id, outcome.reason);
  }
}

/** A terminal that calls cannot be asked: whether it may call here, and what its menu has to say, can be said. */
async function tryAddress(
  id: string,
  address: HttpAddress,
  listening: TrialEdges['listening'],
): Promise<Finding> {
  const key = `${address.host} ${address.port}`;
  const trial = listening.get(key) ?? tryListening(address);
  listening.set(key, trial);
  try {
    await trial;
  } catch (error) {
    return failure(id, toRollcallError(error));
  }
  return ok(`${id}: ${inItsMenu(address)}`);
}

/** `0.0.0.0` and `::` are every address of this machine; a menu takes one. */
function inItsMenu({ host, port, serial, from }: HttpAddress): string {
  const isEvery = host === '0.0.0.0' || host === '::';
  const server = isEvery ? 'the address of this machine in the network of the terminals' : host;
  const caller = from === undefined ? '' : `, and as its own address ${from}`;
  return `terminal ${serial} may call http://${host}:${port}; enter in its menu (Comm, Cloud server setting): server mode ADMS, domain name off, proxy off, server address ${server}, port ${port}${caller}`;
}

function failure(id: string, { code, message }: RollcallError): Finding {
  return fail(`${id}: ${code}`, message.replace(` (${code})`, ''));
}
