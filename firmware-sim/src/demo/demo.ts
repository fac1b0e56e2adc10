import { accessSync, constants, writeFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import * as z from 'zod';
import { CampusBehavior } from '../campus/behavior.js';
import { type Campus, devicesOf, makeCampus } from '../campus/campus.js';
import { campusFile } from '../campus/campus-file.js';
import { ControlApi } from '../control-api.js';
import { makeFolder } from '../make-folder.js';
import { CampusDevices } from './campus-devices.js';
import { childEnvironment, gatewayEnvironment } from './child-environment.js';
import { builtCommandLines, type CommandLines } from './command-lines.js';
import { DemoPaths } from './demo-paths.js';
import { DeviceAddresses, isOnNetwork } from './device-addresses.js';
import { sealEnrolledFingers } from './enrolled-fingers.js';
import { claimPort } from './free-port.js';
import { gatewayConfig } from './gateway-config.js';
import { LogFile } from './log-file.js';
import { ProcessLedger } from './process-ledger.js';
import { runOnce } from './run-once.js';
import { type DemoOptions, type DemoSettings, demoSettings } from './settings.js';
import { stopLeftovers } from './stop-leftovers.js';
import { SupervisedChild } from './supervised-child.js';
import { whatToLookAt } from './what-to-look-at.js';

/** The first start makes a database cluster, which takes long on a small machine. */
const CENTRAL_READY_WITHIN_MS = 180_000;
const GATEWAY_READY_WITHIN_MS = 60_000;
const TALLY_EVERY_MS = 60_000;

const keyLineSchema = z.looseObject({ gateway_id: z.string(), public_key: z.string() });

export interface DemoSurroundings {
  environment: NodeJS.ProcessEnv;
  commands: CommandLines;
  say(text: string): void;
}

/** The whole campus on one machine; `start` brings it up, `stop` leaves no process behind. */
export class Demo {
  readonly #surroundings: DemoSurroundings;
  readonly #stopping = new AbortController();
  readonly #campus: Campus;
  readonly #paths: DemoPaths;
  readonly #ledger: ProcessLedger;
  readonly #logs: LogFile[] = [];
  #settings: DemoSettings;
  #addresses: DeviceAddresses;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #gateways: SupervisedChild[] = [];
  #central: SupervisedChild | undefined;
  #devices: CampusDevices | undefined;
  #behavior: CampusBehavior | undefined;
  #control: ControlApi | undefined;
  #cancelTally: (() => void) | undefined;

  constructor(settings: DemoSettings, surroundings: DemoSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#campus = makeCampus(settings.seed);
    this.#paths = new DemoPaths(settings.dataDir);
    this.#addresses = new DeviceAddresses(this.#paths, new Map());
    this.#ledger = new ProcessLedger(this.#paths.processesFile);
  }

  /** May be called once. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { say } = this.#surroundings;
    makeDataFolder(this.#paths.root);
    // Before the ports: what a killed demo left behind holds them.
    await stopLeftovers(this.#ledger.claim(), { clock: systemClock, signal: this.#stopping.signal, say });
    this.#settings = await claimPorts(this.#settings);
    this.#addresses = new DeviceAddresses(this.#paths, await networkPorts(this.#campus));
    say(`Campus: 2 buildings, ${this.#campus.rooms.length} rooms, 480 students, below ${this.#paths.root}`);
    const publicKeys = await this.#makeKeys();
    const fingers = sealEnrolledFingers(this.#campus, this.#paths.templateKey);
    const file = campusFile(this.#settings.seed, publicKeys, fingers);
    writeFileSync(this.#paths.campusFile, JSON.stringify(file), { mode: 0o600 });
    say('Database: making it ready and loading the campus (the first time takes a minute) …');
    await this.#seed();
    this.#devices = new CampusDevices(this.#campus, this.#places, systemClock);
    this.#devices.start();
    const families = new Set(this.#devices.all.map(({ model }) => model.id));
    say(`Readers: ${this.#devices.all.length} simulated devices of ${families.size} families`);
    say('Central: starting …');
    await this.#startCentral();
    say('Gateways: starting …');
    await this.#startGateways();
    const controlPort = await this.#startControl();
    this.#letStudentsIn(this.#devices);
    say(whatToLookAt({ campus: this.#campus, paths: this.#paths, port: this.#settings.port, controlPort }));
  }

  /** Students first, then the gateways, which bring in what they hold, then central, then the readers. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new RollcallError('DEMO_CHILD_FAILED', 'The demo was stopped.'));
    // A command that was running has to end first; why it failed is no longer of interest.
    await Promise.allSettled([this.#starting]);
    this.#cancelTally?.();
    this.#behavior?.stop();
    await Promise.all(this.#gateways.map((gateway) => gateway.stop()));
    await this.#central?.stop();
    await this.#devices?.stop();
    await this.#control?.close();
    this.#ledger.release();
    for (const log of this.#logs) log.close();
  }

  /** For whoever cannot wait. */
  kill(): void {
    for (const child of [...this.#gateways, this.#central]) child?.kill();
  }

  get #places(): { paths: DemoPaths; addresses: DeviceAddresses } {
    return { paths: this.#paths, addresses: this.#addresses };
  }

  async #makeKeys(): Promise<Record<string, string>> {
    const keys: Record<string, string> = {};
    for (const building of this.#campus.buildings) {
      const config = this.#paths.gatewayConfig(building.gatewayId);
      writeFileSync(config, gatewayConfig(this.#campus, building, this.#settings, this.#places));
      const lines = await this.#once('rollcall-gateway key', this.#surroundings.commands.gateway, [
        'key',
        '--config',
        config,
      ]);
      keys[building.gatewayId] = keyLineSchema.parse(JSON.parse(lines.at(-1) ?? '')).public_key;
    }
    return keys;
  }

  async #seed(): Promise<void> {
    const { central } = this.#surroundings.commands;
    await this.#once('rollcall-central seed', central, [
      'seed',
      this.#paths.campusFile,
      '--provision-dir',
      this.#paths.provisionDir,
    ]);
  }

  async #once(name: string, script: string, args: string[]): Promise<string[]> {
    return runOnce({
      name,
      script,
      args,
      environment: this.#environmentFor(script),
      log: this.#log(name.replace(' ', '-')),
      signal: this.#stopping.signal,
      onSpawned: (pid) => this.#ledger.add(name, pid),
    });
  }

  async #startCentral(): Promise<void> {
    const { port, mqttPort, dataDir } = this.#settings;
    const args = ['run', '--port', String(port), '--mqtt-port', String(mqttPort), '--data-dir', dataDir];
    this.#central = this.#child(
      'central',
      this.#surroundings.commands.central,
      args,
      CENTRAL_READY_WITHIN_MS,
    );
    await this.#central.start(this.#stopping.signal);
  }

  async #startGateways(): Promise<void> {
    this.#gateways = this.#campus.buildings.map(({ gatewayId }) => {
      const args = ['run', '--config', this.#paths.gatewayConfig(gatewayId)];
      return this.#child(gatewayId, this.#surroundings.commands.gateway, args, GATEWAY_READY_WITHIN_MS);
    });
    await Promise.all(this.#gateways.map((gateway) => gateway.start(this.#stopping.signal)));
  }

  #child(name: string, script: string, args: string[], readyWithinMs: number): SupervisedChild {
    return new SupervisedChild({
      name,
      script,
      args,
      readyWithinMs,
      environment: this.#environmentFor(script),
      log: this.#log(name),
      clock: systemClock,
      say: this.#surroundings.say,
      onSpawned: (pid) => this.#ledger.add(name, pid),
    });
  }

  #environmentFor(script: string): NodeJS.ProcessEnv {
    const { environment, commands } = this.#surroundings;
    const forChild = childEnvironment(environment, this.#settings.dataDir);
    return script === commands.gateway ? gatewayEnvironment(forChild) : forChild;
  }

  #log(name: string): LogFile {
    const log = new LogFile(this.#paths.log(name));
    this.#logs.push(log);
    return log;
  }

  async #startControl(): Promise<number> {
    this.#control = new ControlApi(this.#devices?.all ?? []);
    return this.#control.listen(0);
  }

  #letStudentsIn(devices: CampusDevices): void {
    this.#stopping.signal.throwIfAborted();
    this.#behavior = new CampusBehavior({
      clock: systemClock,
      campus: this.#campus,
      tap: (tap) => devices.tap(tap),
    });
    this.#behavior.start();
    this.#tallyLater(devices);
  }

  #tallyLater(devices: CampusDevices): void {
    this.#cancelTally = systemClock.after(TALLY_EVERY_MS, () => {
      const { green, amber, red } = devices.lights();
      const { taps } = devices.counts;
      this.#surroundings.say(
        `So far ${taps} cards and fingers shown; lights: ${green} green, ${amber} amber, ${red} red`,
      );
      this.#tallyLater(devices);
    });
  }
}

function makeDataFolder(path: string): void {
  try {
    makeFolder(path, 0o700);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `The demo cannot keep its data in ${path}: ${(cause as Error).message}. ` +
        'Was it started as another user before? Choose another folder with --data-dir or ROLLCALL_DATA_DIR.',
      { cause },
    );
  }
}

async function claimPorts(settings: DemoSettings): Promise<DemoSettings> {
  if (settings.port !== 0 && settings.port === settings.mqttPort) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `--port and --mqtt-port are both ${settings.port}; the pages and the broker need a port each.`,
    );
  }
  return {
    ...settings,
    port: await claimPort({
      port: settings.port,
      what: 'the pages of central',
      option: '--port',
      variable: 'ROLLCALL_PORT',
    }),
    mqttPort: await claimPort({
      port: settings.mqttPort,
      what: 'the MQTT broker',
      option: '--mqtt-port',
      variable: 'ROLLCALL_MQTT_PORT',
    }),
  };
}

/** Terminals are on the network: each gets a port that is free at this start. */
async function networkPorts(campus: Campus): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  for (const { id, name } of campus.rooms.flatMap(devicesOf).filter(isOnNetwork)) {
    const port = await claimPort({ port: 0, what: name, option: '--port', variable: 'ROLLCALL_PORT' });
    ports.set(id, port);
  }
  return ports;
}

/** The command: runs until it is told to stop. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const demo = new Demo(demoSettings(options, process.env), {
    environment: process.env,
    commands: builtCommandLines(),
    say,
  });
  const told = new Promise<void>((resolve) => {
    let isTold = false;
    const onSignal = (): void => {
      if (isTold) {
        say('Stopping at once.');
        demo.kill();
        return;
      }
      isTold = true;
      say('Stopping …');
      resolve();
    };
    // Nobody reads what we say any more, so nobody watches the demo either.
    process.stdout.on('error', () => resolve());
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  });
  const failed = demo.start().then(
    () => new Promise<never>(() => undefined),
    (error: unknown) => error,
  );
  const error = await Promise.race([told, failed]);
  await demo.stop();
  if (error !== undefined) throw error;
  say('Stopped. Everything is kept; start again whenever you like.');
}
