import { hasCode } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import { loadConfig } from '../config/load.js';
import type { DeviceConfig } from '../config/schema.js';
import { ANSWERED_SCORE, type Candidate, candidatesFor, type Guess, guess } from '../discovery/candidates.js';
import { type ConnectedDevice, listConnected } from '../discovery/connected.js';
import { tryDevice } from '../discovery/try-device.js';
import { drivers } from '../drivers/registry.js';
import { type SystemFiles, systemFiles } from '../system/system-files.js';
import { createOpenTransport } from '../transport/open-transport.js';
import type { OpenTransport } from '../transport/transport.js';

export interface DiscoverOptions {
  config: string;
  /** Opens what is not configured yet and asks it. */
  probe?: boolean;
  json?: boolean;
}

/** The edges, replaced in tests. */
export interface DiscoverEdges {
  files: SystemFiles;
  openTransport: OpenTransport;
}

export interface Discovery {
  device: ConnectedDevice;
  /** Name in the configuration, where it is there already. */
  configuredAs?: string;
  guess: Guess;
  /** Drivers whose question was put to it, and which of them it answered. */
  asked?: { driver: string; answered: boolean }[];
}

/** Prints what is connected, which driver fits, and what to write. */
export async function discover(
  options: DiscoverOptions,
  edges: DiscoverEdges = { files: systemFiles(), openTransport: createOpenTransport(systemClock) },
): Promise<number> {
  const configured = configuredDevices(options.config);
  const found: Discovery[] = [];
  for (const device of await listConnected(edges.files)) {
    found.push(await look(device, { configured, edges, probe: options.probe === true }));
  }
  const text = options.json === true ? `${JSON.stringify(found.map(asJson), null, 2)}\n` : asText(found);
  process.stdout.write(text);
  return 0;
}

/** Without a configuration nothing is configured, and discovery is what a new gateway begins with. */
function configuredDevices(file: string): readonly DeviceConfig[] {
  try {
    return loadConfig({ file, env: process.env }).config.devices;
  } catch (error) {
    if (!hasCode(error, 'CONFIG_INVALID')) throw error;
    return [];
  }
}

interface LookOptions {
  configured: readonly DeviceConfig[];
  edges: DiscoverEdges;
  probe: boolean;
}

async function look(device: ConnectedDevice, { configured, edges, probe }: LookOptions): Promise<Discovery> {
  const owner = await ownerOf(device, configured, edges.files);
  const candidates = candidatesFor(device, drivers);
  // A running gateway may have the configured ones: they are left alone.
  if (owner !== undefined) return { device, configuredAs: owner, guess: guess(candidates) };
  if (!probe) return { device, guess: guess(candidates) };
  const trials = await askAll(candidates, edges.openTransport);
  const asked = trials.flatMap(({ candidate, outcome }) =>
    outcome === 'answered' || outcome === 'silent'
      ? [{ driver: candidate.driver.id, answered: outcome === 'answered' }]
      : [],
  );
  return { device, guess: guess(trials.flatMap(afterTrial)), asked };
}

async function ownerOf(
  { node, port, eventPort }: ConnectedDevice,
  configured: readonly DeviceConfig[],
  files: SystemFiles,
): Promise<string | undefined> {
  for (const device of configured) {
    if (device.port === port || device.port === eventPort) return device.id;
    if ((await files.realpath(device.port)) === node) return device.id;
  }
  return undefined;
}

interface Trial {
  candidate: Candidate;
  /** `unknown`: it cannot be asked, or could not be opened, which says nothing about the driver. */
  outcome: 'answered' | 'silent' | 'unknown';
}

/** One after the other: they are trials of one and the same port. */
async function askAll(candidates: readonly Candidate[], openTransport: OpenTransport): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const candidate of candidates)
    trials.push({ candidate, outcome: await askOne(candidate, openTransport) });
  return trials;
}

async function askOne({ driver, port }: Candidate, openTransport: OpenTransport): Promise<Trial['outcome']> {
  const options = driver.options.safeParse({});
  if (!options.success) return 'unknown';
  const outcome = await tryDevice({
    driver,
    port,
    options: options.data,
    openTransport,
    clock: systemClock,
  });
  if (outcome.type === 'answered') return 'answered';
  return outcome.type === 'failed' && hasCode(outcome.reason, 'DEVICE_TIMEOUT') ? 'silent' : 'unknown';
}

/** One that answered is ahead of every number; one that did not answer is another device. */
function afterTrial({ candidate, outcome }: Trial): Candidate[] {
  if (outcome === 'silent') return [];
  return [outcome === 'answered' ? { ...candidate, score: ANSWERED_SCORE } : candidate];
}

function asJson({ device, configuredAs, asked, guess: guessed }: Discovery): Record<string, unknown> {
  const candidates =
    guessed.type === 'none' ? [] : guessed.type === 'one' ? [guessed.candidate] : guessed.candidates;
  return {
    node: device.node,
    port: device.port,
    name: device.name,
    ...(device.usb === undefined ? {} : { usb: usbText(device.usb) }),
    ...(configuredAs === undefined ? {} : { configured_as: configuredAs }),
    ...(asked === undefined ? {} : { asked }),
    candidates: candidates.map(({ driver, score, port }) => ({ driver: driver.id, score, port })),
  };
}

function asText(found: readonly Discovery[]): string {
  if (found.length === 0) {
    return 'Nothing is connected that could be a reader: no serial port, no keyboard, no scanner.\n';
  }
  return found
    .map((one, index) => `${[heading(one.device), ...probed(one), advice(one, index + 1)].join('\n')}\n`)
    .join('\n');
}

function heading({ node, usb, name }: ConnectedDevice): string {
  return [node, usb === undefined ? '' : usbText(usb), name].filter((part) => part !== '').join('  ');
}

/** What has been asked already, so that nobody tries it again by hand. */
function probed({ asked = [] }: Discovery): string[] {
  if (asked.length === 0) return [];
  const answered = asked.filter((trial) => trial.answered).map(({ driver }) => driver);
  const drivers = asked.map(({ driver }) => driver).join(', ');
  return [
    `  asked as ${drivers}: ${answered.length === 0 ? 'no answer' : `answered as ${answered.join(', ')}`}`,
  ];
}

function advice({ device, configuredAs, asked, guess: guessed }: Discovery, number: number): string {
  if (configuredAs !== undefined) return `  configured as ${configuredAs}`;
  switch (guessed.type) {
    case 'one': {
      const { driver, port, score } = guessed.candidate;
      const how =
        score >= ANSWERED_SCORE ? 'it answered' : 'by its numbers; show it a card with "monitor" to be sure';
      return [
        `  ${driver.title} (${how}). Below "devices:" write`,
        `  - { id: reader-${number}, driver: ${driver.id}, port: "${port}" }`,
      ].join('\n');
    }
    case 'several': {
      const ids = guessed.candidates.map(({ driver }) => driver.id);
      const probe = asked === undefined ? '"--probe" asks those that can be asked; or ' : '';
      return [
        `  could be ${ids.join(' or ')}: ${probe}find out with "rollcall-gateway monitor --driver … --port ${device.port}", then write`,
        `  - { id: reader-${number}, driver: …, port: "${device.port}" }`,
      ].join('\n');
    }
    default:
      return device.kind === 'hid'
        ? `  no known reader; if it is one that types, write\n  - { id: reader-${number}, driver: hid-keyboard, port: "${device.eventPort ?? device.port}" }`
        : `  no driver knows it by its numbers; write its family yourself:\n  - { id: reader-${number}, driver: …, port: "${device.port}" }`;
  }
}

function usbText({ vid, pid }: { vid: number; pid: number }): string {
  return [vid, pid].map((number) => number.toString(16).padStart(4, '0')).join(':');
}
