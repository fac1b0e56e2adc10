import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type Exit, type Finished, RunningProcess, runToEnd } from './process.js';
import { Reader } from './reader.js';
import { COMMANDS } from './root.js';
import { type UntilOptions, until } from './until.js';

/** A busy machine must not turn a card and its finger into two people. */
const WITH_CARD_SECONDS = 60;

export interface ReaderPlan {
  id: string;
  driver: 'line' | 'rdm6300' | 'ef01';
  room?: string;
  profile?: string;
  /** Of the device; what the gateway assumes is among its options. */
  baud?: number;
  /** How many times faster than a real one it sends and works. */
  speed?: number;
  /** Id of an earlier reader of the same gateway whose lights answer for this one. */
  lights?: string;
  options?: Record<string, unknown>;
  /** Of a scanner: id of an earlier reader whose card has to come before the finger. */
  withCard?: string;
  /** Not plugged in at the start. */
  isAbsent?: boolean;
}

export interface GatewayPlan {
  id: string;
  readers: readonly ReaderPlan[];
  /** Sections of the configuration on top of what every test gateway has. */
  config?: Record<string, Record<string, unknown>>;
}

export interface GatewayPlaces {
  directory: string;
  provisionDir: string;
  mqttPort: () => number;
  httpPort: () => number;
}

/** One gateway of a test campus: its readers on ptys, its folder, and the process that runs or does not. */
export class GatewayUnderTest {
  readonly id: string;
  readonly plan: GatewayPlan;
  /** Another one after `moveTo`. */
  dataDir: string;
  readonly configFile: string;
  readonly readers = new Map<string, Reader>();
  readonly #places: GatewayPlaces;
  #process: RunningProcess | undefined;

  constructor(plan: GatewayPlan, places: GatewayPlaces) {
    this.id = plan.id;
    this.plan = plan;
    this.#places = places;
    this.dataDir = join(places.directory, plan.id, 'data');
    this.configFile = join(places.directory, plan.id, 'gateway.yaml');
    mkdirSync(join(places.directory, plan.id), { recursive: true });
    for (const reader of plan.readers) this.readers.set(reader.id, this.#makeReader(reader));
    this.writeConfig();
  }

  get process(): RunningProcess {
    if (this.#process === undefined) throw new Error(`gateway ${this.id} was never started`);
    return this.#process;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exit === undefined;
  }

  reader(id: string): Reader {
    const reader = this.readers.get(id);
    if (reader === undefined) throw new Error(`gateway ${this.id} has no reader ${id}`);
    return reader;
  }

  /** JSON is YAML. */
  writeConfig(): void {
    const { provisionDir, mqttPort, httpPort } = this.#places;
    const extra = this.plan.config ?? {};
    const config = {
      ...extra,
      gateway: { id: this.id, data_dir: this.dataDir },
      uplink: {
        mqtt_url: `mqtt://127.0.0.1:${mqttPort()}`,
        password_file: join(provisionDir, this.id, 'mqtt-password'),
        central_url: `http://127.0.0.1:${httpPort()}`,
        resend_seconds: 2,
        ...extra['uplink'],
      },
      identify: { card_hash_key_file: join(provisionDir, this.id, 'card-hash-key') },
      clock: { trust: 'system', ...extra['clock'] },
      store: { ballast_bytes: 1024 * 1024, ...extra['store'] },
      health: { interval_seconds: 5, ...extra['health'] },
      log: { level: 'debug', ...extra['log'] },
      fingers: this.#fingers(),
      devices: this.plan.readers.map(({ id, driver, options, lights, withCard }) => ({
        id,
        driver,
        port: this.reader(id).device.wire.link.path,
        ...(lights === undefined ? {} : { feedback: lights }),
        ...(withCard === undefined ? {} : { with_card: withCard, with_card_seconds: WITH_CARD_SECONDS }),
        ...(options === undefined ? {} : { options }),
      })),
    };
    writeFileSync(this.configFile, `${JSON.stringify(config, null, 1)}\n`);
  }

  /** Only where there is a scanner a gateway has the key to templates. */
  #fingers(): Record<string, unknown> {
    const { readers, config } = this.plan;
    if (!readers.some(({ driver }) => driver === 'ef01')) return {};
    const keyFile = join(this.#places.provisionDir, this.id, 'template-key');
    return { template_key_file: keyFile, ...config?.['fingers'] };
  }

  /** Runs from another folder from now on. */
  moveTo(dataDir: string): void {
    this.dataDir = dataDir;
    this.writeConfig();
  }

  /** Any command of `rollcall-gateway`, to its end. */
  command(name: string, args: readonly string[] = []): Promise<Finished> {
    return runToEnd({ args: [COMMANDS.gateway, name, '--config', this.configFile, ...args] });
  }

  plugReaders(): void {
    for (const { id, isAbsent } of this.plan.readers) {
      if (isAbsent !== true) this.reader(id).device.start();
    }
  }

  /** Starts the process and waits until it is ready and has opened every reader that is plugged in. */
  async start(env: Record<string, string> = {}): Promise<RunningProcess> {
    const running = this.launch(env);
    await running.line('ready');
    await this.readersOpen();
    return running;
  }

  /** Starts the process and waits for nothing: one that is to crash may never be ready. */
  launch(env: Record<string, string> = {}, configFile = this.configFile): RunningProcess {
    this.#process = new RunningProcess({
      name: `gateway ${this.id}`,
      args: [COMMANDS.gateway, 'run', '--config', configFile],
      env,
    });
    return this.#process;
  }

  async readersOpen(): Promise<void> {
    for (const reader of this.readers.values()) {
      if (reader.device.wire.isPlugged) await this.#opened(reader, 1);
    }
  }

  /** Puts a reader's plug in; resolves when the gateway listens to it. */
  async plug(reader: Reader): Promise<void> {
    const before = this.#openings(reader);
    if (reader.device.wire.isPlugged) throw new Error(`${reader.id} is plugged in already`);
    reader.device.start();
    await this.#opened(reader, before + 1);
  }

  /** Cards shown before the gateway has opened and flushed the port are seen by nobody. */
  #opened(reader: Reader, times: number): Promise<true> {
    const { process } = this;
    // One that died opens nothing any more; whoever started it to die goes on.
    const isSettled = (): boolean => this.#openings(reader) >= times || process.exit !== undefined;
    return until(`the gateway opens ${reader.id}`, isSettled, { describe: () => process.describe() });
  }

  #openings(reader: Reader): number {
    return this.process.timesSaid('device opened', reader.id);
  }

  kill(): Promise<Exit> {
    return this.process.kill();
  }

  async stop(): Promise<Exit | undefined> {
    return this.#process?.stop();
  }

  async unplugReaders(): Promise<void> {
    for (const reader of this.readers.values()) await reader.device.stop();
  }

  /** What its store holds, read as another process does. */
  outbox(dataDir = this.dataDir): { head: number; acked: number } {
    const db = new Sqlite(join(dataDir, 'outbox.db'), { readonly: true });
    try {
      const head = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").get() as
        | { seq: number }
        | undefined;
      const acked = db.prepare("SELECT value FROM meta WHERE key = 'acked_seq'").get() as
        | { value: string }
        | undefined;
      return { head: head?.seq ?? 0, acked: Number(acked?.value ?? 0) };
    } finally {
      db.close();
    }
  }

  /** Everything that it ever wrote is acknowledged by central. */
  drained({ deadlineMs, describe = () => '' }: UntilOptions = {}): Promise<true> {
    return until(
      `gateway ${this.id} is drained`,
      () => {
        const { head, acked } = this.outbox();
        return head > 0 && head === acked ? true : undefined;
      },
      {
        describe: () => [JSON.stringify(this.outbox()), this.#process?.describe(), describe()].join('\n'),
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
      },
    );
  }

  #makeReader({ id, driver, profile, baud, speed, lights }: ReaderPlan): Reader {
    return new Reader({
      id,
      driver,
      linkPath: join(this.#places.directory, this.id, 'dev', id),
      ...(profile === undefined ? {} : { profile }),
      ...(baud === undefined ? {} : { baud }),
      ...(speed === undefined ? {} : { speed }),
      ...(lights === undefined ? {} : { lightsOf: this.reader(lights) }),
    });
  }
}
