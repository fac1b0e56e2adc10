import { closeSync, openSync, writeFileSync } from 'node:fs';
import { PROJECTIONS } from '@rollcall/protocol/credential-hash';
import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import { Findings } from '../config/parse-document.js';
import { misfit, portSchema } from '../config/port.js';
import { readDriverOptions } from '../config/read-devices.js';
import { captureAsVectors } from '../devices/capture-vector.js';
import type { Stamp } from '../devices/device-connection.js';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';
import { Supervisor } from '../devices/supervisor.js';
import type { DriverDefinition, DriverEvent } from '../drivers/driver.js';
import { driverIds, findDriver } from '../drivers/registry.js';
import { silentLog } from '../log.js';
import { createOpenTransport } from '../transport/open-transport.js';
import { identifyPort } from '../transport/port-identity.js';
import { monitorTerminal } from './monitor-terminal.js';

export interface MonitorOptions {
  driver: string;
  port: string;
  /** `key=value` each. */
  option: readonly string[];
  capture?: string;
}

/** Shows what one reader decodes, without store or uplink. Runs until SIGINT or SIGTERM. */
export async function monitor(options: MonitorOptions): Promise<number> {
  const driver = knownDriver(options.driver);
  checkPort(driver, options.port);
  const capture = options.capture === undefined ? undefined : openCapture(options.capture);
  const supervisor = new Supervisor({
    device: {
      id: 'monitor',
      driver: driver.id,
      port: options.port,
      options: parseDriverOptions(driver, options.option),
    },
    driver,
    openTransport: createOpenTransport(systemClock),
    identifyPort,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    terminal: monitorTerminal({ pushes: driver.ports === 'http' }, print),
    onEvent: (event, stamp) => print(describeEvent(event, stamp)),
    onChange: (snapshot) => print(describeState(snapshot)),
  });
  supervisor.start();
  await untilAskedToStop();
  await supervisor.stop();
  if (capture !== undefined) {
    const document = captureAsVectors(driver.id, supervisor.capture);
    writeFileSync(capture, `${JSON.stringify(document, null, 2)}\n`);
    closeSync(capture);
  }
  return 0;
}

/** Opened before anything is read: a wrong path must not cost the technician the capture. */
function openCapture(file: string): number {
  try {
    return openSync(file, 'w', 0o600);
  } catch (cause) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `--capture ${file} cannot be written; name a file in a folder of your own`,
      { cause },
    );
  }
}

function knownDriver(id: string): DriverDefinition<unknown> {
  const driver = findDriver(id);
  if (driver !== undefined) return driver;
  throw new RollcallError('DRIVER_UNKNOWN', `There is no driver "${id}"; use one of ${driverIds.join(', ')}`);
}

function checkPort(driver: DriverDefinition<unknown>, port: string): void {
  const message = portSchema.safeParse(port).error?.issues[0]?.message ?? misfit(driver, port);
  if (message !== undefined) throw new RollcallError('CONFIG_INVALID', `--port ${message}`);
}

/** @throws RollcallError `CONFIG_INVALID` with every wrong option. */
export function parseDriverOptions(driver: DriverDefinition<unknown>, pairs: readonly string[]): unknown {
  const raw: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new RollcallError('CONFIG_INVALID', `--option must be key=value, such as --option baud=9600`);
    raw[pair.slice(0, at)] = parseScalar(pair.slice(at + 1));
  }
  const findings = new Findings();
  const parsed = readDriverOptions(driver, raw, ['--option'], findings);
  if (findings.problems.length > 0) throw new RollcallError('CONFIG_INVALID', findings.problems.join('; '));
  return parsed;
}

function parseScalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^["[]/.test(text)) return parseJson(text);
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Lists, and digits that are text: `technologies=["a","b"]`, `aid="123456"`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RollcallError(
      'CONFIG_INVALID',
      '--option has a list or text that is no JSON; write key=["a","b"]',
      {
        cause,
      },
    );
  }
}

/** One decoded event as the JSON line that is printed. */
export function describeEvent(event: DriverEvent, stamp: Stamp): Record<string, unknown> {
  const at = new Date(stamp.wallMs).toISOString();
  // Never the image itself: the lines end up in files.
  if (event.type === 'finger_image') {
    const { width, height, dpi } = event.image;
    return { type: event.type, at, width, height, dpi };
  }
  if (event.type === 'finger_template') return { type: event.type, at, bytes: event.template.length };
  // Somebody may be trying it with a PIN.
  if (event.type === 'keys') return { type: 'keys', at, count: event.digits.length };
  if (event.type !== 'card') return { ...event, at };
  const { technology, values } = event.read;
  const strongest = PROJECTIONS.map((projection) => values[projection]).find((value) => value !== undefined);
  return {
    type: 'card',
    at,
    uid: strongest,
    technology,
    values,
    ...(event.directionHint === undefined ? {} : { direction_hint: event.directionHint }),
    ...(event.unverified === undefined ? {} : { unverified: true }),
  };
}

function describeState(snapshot: DeviceSnapshot): Record<string, unknown> {
  const { state, sinceMs, problem, counters } = snapshot;
  return { type: 'device', at: new Date(sinceMs).toISOString(), state, problem, counters };
}

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    // Whoever read the lines has gone ("| head").
    process.stdout.once('error', () => resolve());
  });
}
