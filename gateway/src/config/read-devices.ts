import * as z from 'zod';
import type { DriverDefinition } from '../drivers/driver.js';
import { driverIds, findDriver } from '../drivers/registry.js';
import { parseHttpAddress } from '../transport/http-address.js';
import { nearestWord } from './nearest-word.js';
import { asGroup, type Findings, type Group, readKeys, secretElsewhere } from './parse-document.js';
import { isUnstablePort, lastingNameOf, misfit } from './port.js';
import { DEVICE_KEYS, DEVICES_MAX, type DeviceConfig } from './schema.js';

/** Reads `devices`, each against the schema of its own driver, and checks what they say about each other. */
export function readDevices(raw: unknown, findings: Findings): DeviceConfig[] {
  if (raw === undefined || raw === null) {
    findings.warnings.push(
      'devices: none are listed, so nobody can tap; write "devices:" with one "- { id: …, driver: …, port: … }" each',
    );
    return [];
  }
  if (!Array.isArray(raw)) {
    findings.problem(['devices'], 'must be a list; start each device with "- "');
    return [];
  }
  if (raw.length > DEVICES_MAX) {
    findings.problem(['devices'], `must be at most ${DEVICES_MAX}; one gateway serves one building`);
    return [];
  }
  const devices = raw.map((entry, index) => readDevice(entry, index, findings));
  checkNames(devices, findings);
  checkFeedback(devices, findings);
  checkPortForms(devices, findings);
  checkWithCard(devices, findings);
  checkPorts(devices, findings);
  checkSerials(devices, findings);
  return devices as DeviceConfig[];
}

type Read = Partial<DeviceConfig>;

function readDevice(raw: unknown, index: number, findings: Findings): Read {
  const path = ['devices', index];
  const device = readKeys({ path, keys: DEVICE_KEYS, raw, alsoKnown: ['options'] }, findings) as Read;
  if (device.driver === undefined) return device;
  const driver = findDriver(device.driver);
  if (driver === undefined) {
    const meant = nearestWord(device.driver, driverIds);
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    findings.problem(
      [...path, 'driver'],
      `is not a driver; the known ones are ${driverIds.join(', ')}${hint}`,
    );
    return device;
  }
  const wrong = device.port === undefined ? undefined : misfit(driver, device.port);
  if (wrong !== undefined) findings.problem([...path, 'port'], wrong);
  device.options = readDriverOptions(driver, asGroup(raw)?.['options'], [...path, 'options'], findings);
  return device;
}

/** Validates one device's options by its driver's schema; undefined when something was wrong. */
export function readDriverOptions(
  driver: DriverDefinition<unknown>,
  raw: unknown,
  path: readonly PropertyKey[],
  findings: Findings,
): unknown {
  const result = driver.options.safeParse(raw ?? {});
  if (result.success) {
    for (const [name, value] of Object.entries(result.data as Group)) {
      findings.value([...path, name], value, asGroup(raw)?.[name] === undefined ? 'default' : 'file');
    }
    return result.data;
  }
  const known = optionNames(driver);
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) {
        if (known.includes(`${name}_file`)) {
          findings.problem([...path, ...issue.path, name], secretElsewhere(name));
          continue;
        }
        const meant = nearestWord(name, known);
        const hint =
          meant === undefined
            ? `driver ${driver.id} knows ${known.join(', ') || 'none'}`
            : `did you mean "${meant}"?`;
        findings.problem([...path, ...issue.path, name], `is not an option; ${hint}`);
      }
      continue;
    }
    const isGroup = asGroup(raw) !== undefined;
    const what = isGroup ? issue.message : `must be a group of options such as { ${known[0] ?? 'name'}: … }`;
    findings.problem([...path, ...issue.path], `${what}; see docs/readers/${driver.id}.md`);
  }
  return undefined;
}

export function optionNames(driver: DriverDefinition<unknown>): string[] {
  const schema = z.toJSONSchema(driver.options, { io: 'input', unrepresentable: 'any' });
  return Object.keys(schema.properties ?? {});
}

function checkNames(devices: readonly Read[], findings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, { id }] of devices.entries()) {
    if (id === undefined) continue;
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    else
      findings.problem(
        ['devices', index, 'id'],
        `is already the name of devices[${earlier}]; write another one`,
      );
  }
}

function checkFeedback(devices: readonly Read[], findings: Findings): void {
  for (const [index, { id, feedback }] of devices.entries()) {
    if (feedback === undefined) continue;
    const path = ['devices', index, 'feedback'];
    const target = devices.find((device) => device.id === feedback);
    if (feedback === id) {
      findings.problem(path, 'names the device itself; leave it out to use its own lights');
    } else if (target === undefined) {
      const meant = nearestWord(
        feedback,
        devices.flatMap((device) => device.id ?? []),
      );
      const hint = meant === undefined ? 'write the id of a device in this list' : `did you mean "${meant}"?`;
      findings.problem(path, `names a device that is not in this list; ${hint}`);
    } else if (target.driver !== undefined && findDriver(target.driver)?.hasLights === false) {
      findings.problem(
        path,
        `names a device of driver ${target.driver}, which has no lights; name one that has`,
      );
    }
  }
}

const PORT_FORMS: Readonly<
  Record<'serial' | 'http' | 'called', { forms: readonly string[]; needed: string }>
> = {
  serial: {
    forms: ['tcp', 'other'],
    needed:
      'must be a path or tcp://host:port: readers of this driver do not call, and speak in no datagrams',
  },
  http: {
    forms: ['http'],
    needed: 'must be http://address:port/SERIAL, since this terminal calls the gateway',
  },
  called: {
    forms: ['tcp', 'udp'],
    needed: 'must be tcp://address:4370, or udp://address:4370 for an old one, since this terminal is called',
  },
};

/** A terminal that calls is no port to open, and a serial reader never calls. */
function checkPortForms(devices: readonly Read[], findings: Findings): void {
  for (const [index, { port, driver: id }] of devices.entries()) {
    const driver = id === undefined ? undefined : findDriver(id);
    if (port === undefined || driver === undefined) continue;
    const form = /^(http|tcp|udp):\/\//.exec(port)?.[1] ?? 'other';
    const { forms, needed } = PORT_FORMS[driver.ports ?? 'serial'];
    if (forms.includes(form)) continue;
    findings.problem(['devices', index, 'port'], `${needed}; see docs/readers/${driver.id}.md`);
  }
}

function checkWithCard(devices: readonly Read[], findings: Findings): void {
  for (const [index, { driver, withCard, withCardSeconds }] of devices.entries()) {
    const path = ['devices', index, 'with_card'];
    if (withCard === undefined) {
      if (withCardSeconds !== undefined) {
        findings.problem([...path.slice(0, 2), 'with_card_seconds'], 'needs with_card beside it');
      }
      continue;
    }
    const reader = devices.find((device) => device.id === withCard);
    if (driver !== undefined && findDriver(driver)?.kind !== 'finger') {
      findings.problem(path, 'is for scanners; this device reads no fingers');
    } else if (reader === undefined) {
      findings.problem(path, 'names a device that is not in this list; write the id of a card reader');
    } else if (reader.driver !== undefined && findDriver(reader.driver)?.kind !== 'card') {
      findings.problem(path, `names a device of driver ${reader.driver}, which reads no cards`);
    }
  }
}

function checkPorts(devices: readonly Read[], findings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, device] of devices.entries()) {
    const { port } = device;
    if (port === undefined) continue;
    const earlier = first.get(port);
    if (earlier === undefined) first.set(port, index);
    else {
      const problem = clashOnPort(device, earlier, devices.slice(0, index));
      if (problem !== undefined) findings.problem(['devices', index, ...problem.path], problem.text);
    }
    if (isUnstablePort(port)) {
      findings.warnings.push(
        `devices[${index}].port: ${port} may be another reader after the next restart; find the lasting name with ${lastingNameOf(port)} and write that`,
      );
    }
  }
}

/** By the serial number a terminal that calls is known, whatever address it is told: two devices cannot be one terminal. */
function checkSerials(devices: readonly Read[], findings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, { port }] of devices.entries()) {
    const serial = port === undefined ? undefined : parseHttpAddress(port)?.serial;
    if (serial === undefined) continue;
    const earlier = first.get(serial);
    if (earlier === undefined) first.set(serial, index);
    // The same port in full has been said already.
    else if (devices[earlier]?.port !== port) {
      findings.problem(
        ['devices', index, 'port'],
        `names terminal ${serial}, which is devices[${earlier}] already; a terminal is one device, with one "?from="`,
      );
    }
  }
}

/** Why a device cannot be on a port where others are; undefined where it can: on a bus, with an address of its own. */
function clashOnPort(
  device: Read,
  earlier: number,
  before: readonly Read[],
): { path: PropertyKey[]; text: string } | undefined {
  const driver = device.driver === undefined ? undefined : findDriver(device.driver);
  if (driver?.sharesPort !== true || before[earlier]?.driver !== device.driver) {
    return {
      path: ['port'],
      text: `is already the port of devices[${earlier}]; each device needs its own`,
    };
  }
  if (device.options === undefined) return undefined;
  for (const [index, other] of before.entries()) {
    if (other.port !== device.port || other.options === undefined) continue;
    if (driver.addressOf?.(other.options) === driver.addressOf?.(device.options)) {
      return {
        path: ['options', 'address'],
        text: `is already the address of devices[${index}] on this port; give each its own`,
      };
    }
    if (driver.baudFrom?.(other.options) !== driver.baudFrom?.(device.options)) {
      return {
        path: ['options', 'baud'],
        text: `differs from that of devices[${index}] on the same port; a bus has one speed`,
      };
    }
  }
  return undefined;
}
