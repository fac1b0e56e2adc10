import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CampusDatabase } from './campus-database.js';
import { CardSupply, cardHash } from './cards.js';
import { CentralUnderTest } from './central-process.js';
import { ChaosProxy } from './chaos-proxy.js';
import { type GatewayPlan, GatewayUnderTest } from './gateway-process.js';
import type { Light, Reader, Tap } from './reader.js';
import { type SeedStudent, seedFile } from './seed-file.js';
import type { Broker } from './test-broker.js';
import { until } from './until.js';

export const ONE_GATEWAY: readonly GatewayPlan[] = [
  { id: 'gw-block-a', readers: [{ id: 'line-r101', driver: 'line', room: 'r101' }] },
];

export interface CampusPlan {
  gateways?: readonly GatewayPlan[];
  students?: number;
  /** Central uses this broker instead of its own. */
  broker?: Broker;
  /** Instead of one on the server that tests share. */
  database?: CampusDatabase;
  /** Environment of central. */
  centralEnv?: Record<string, string>;
}

/**
 * A small campus of real processes: central and its gateways by their command lines, real PostgreSQL, readers
 * on real ptys. Between gateway and broker, and between central and an external broker, lies a wire that can
 * be disturbed.
 */
export class Campus {
  readonly cards = new CardSupply();
  readonly students: readonly SeedStudent[];
  readonly gateways: readonly GatewayUnderTest[];
  readonly central: CentralUnderTest;
  readonly database: CampusDatabase;
  /** Between the gateways and the broker. */
  readonly wire: ChaosProxy;
  /** Between central and an external broker. */
  readonly centralWire: ChaosProxy | undefined;
  /** Between central and PostgreSQL. */
  readonly databaseWire: ChaosProxy;
  readonly directory: string;
  readonly provisionDir: string;
  readonly #httpWire: ChaosProxy;
  readonly #broker: Broker | undefined;

  private constructor(plan: CampusPlan, parts: CampusParts) {
    this.directory = parts.directory;
    this.provisionDir = join(parts.directory, 'provision');
    this.database = parts.database;
    this.wire = parts.wire;
    this.centralWire = parts.centralWire;
    this.databaseWire = parts.databaseWire;
    this.#httpWire = parts.httpWire;
    this.#broker = plan.broker;
    this.students = Array.from({ length: plan.students ?? 4 }, (_, index) => ({
      rollNumber: `24B81A05${String(index + 1).padStart(2, '0')}`,
      uid: this.cards.next('line'),
    }));
    this.central = new CentralUnderTest({
      dataDir: join(parts.directory, 'central'),
      databaseUrl: () => through(this.database.url, this.databaseWire.port),
      ...(plan.centralEnv === undefined ? {} : { env: plan.centralEnv }),
      ...(parts.centralWire === undefined
        ? {}
        : { mqttUrl: () => `mqtt://127.0.0.1:${parts.centralWire?.port}` }),
    });
    this.gateways = (plan.gateways ?? ONE_GATEWAY).map(
      (gateway) =>
        new GatewayUnderTest(gateway, {
          directory: parts.directory,
          provisionDir: this.provisionDir,
          mqttPort: () => this.wire.port,
          httpPort: () => this.#httpWire.port,
        }),
    );
  }

  /** Everything provisioned and seeded, readers plugged in, central running; gateways only on request. */
  static async prepare(plan: CampusPlan = {}): Promise<Campus> {
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-campus-'));
    const database = plan.database ?? (await CampusDatabase.open());
    const late: { campus?: Campus } = {};
    const central = (): CentralUnderTest => {
      if (late.campus === undefined) throw new Error('the campus is not complete yet');
      return late.campus.central;
    };
    const { broker } = plan;
    const host = '127.0.0.1';
    const parts: CampusParts = {
      directory,
      database,
      wire: await ChaosProxy.start({
        carries: 'mqtt',
        target: () => ({ host, port: broker?.port ?? central().mqttPort }),
      }),
      httpWire: await ChaosProxy.start({
        carries: 'bytes',
        target: () => ({ host, port: central().httpPort }),
      }),
      databaseWire: await ChaosProxy.start({
        carries: 'bytes',
        target: () => ({ host, port: Number(new URL(database.url).port) }),
      }),
      centralWire:
        broker === undefined
          ? undefined
          : await ChaosProxy.start({ carries: 'mqtt', target: () => ({ host, port: broker.port }) }),
    };
    const campus = new Campus(plan, parts);
    late.campus = campus;
    try {
      await campus.#provision();
      for (const gateway of campus.gateways) gateway.plugReaders();
      await campus.central.start();
      return campus;
    } catch (error) {
      await campus.stop();
      throw error;
    }
  }

  static async start(plan: CampusPlan = {}): Promise<Campus> {
    const campus = await Campus.prepare(plan);
    try {
      for (const gateway of campus.gateways) await gateway.start();
      return campus;
    } catch (error) {
      await campus.stop();
      throw error;
    }
  }

  get gateway(): GatewayUnderTest {
    const [first] = this.gateways;
    if (first === undefined) throw new Error('this campus has no gateway');
    return first;
  }

  /** The only reader, or the one with this id. */
  reader(id?: string): Reader {
    for (const gateway of this.gateways) {
      for (const reader of gateway.readers.values()) {
        if (id === undefined || reader.id === id) return reader;
      }
    }
    throw new Error(`this campus has no reader ${id}`);
  }

  /** A card that nobody had before, shown until a light answers. */
  tapNewCard(reader = this.reader()): Promise<Light> {
    return reader.tap(this.cards.next(reader.driver));
  }

  get taps(): Tap[] {
    return this.gateways.flatMap((gateway) => [...gateway.readers.values()].flatMap((reader) => reader.taps));
  }

  /** Green lights, counted by the simulated devices. */
  get greens(): number {
    const devices = new Set(
      this.gateways.flatMap((gateway) => [...gateway.readers.values()].map((reader) => reader.lights)),
    );
    return [...devices].reduce((sum, device) => sum + device.lights.green, 0);
  }

  get cardHashKeyFile(): string {
    return join(this.provisionDir, this.gateway.id, 'card-hash-key');
  }

  cardHashKey(): string {
    return readFileSync(this.cardHashKeyFile, 'utf8').trim();
  }

  /** The cards of all punches in PostgreSQL as `<reader> <uid>`, sorted; a card nobody tapped shows its hash. */
  async punchedCards(alsoShown: readonly { readerId: string; uid: string }[] = []): Promise<string[]> {
    const key = this.cardHashKey();
    const shown = [...this.taps, ...alsoShown];
    const known = new Map(
      shown.map(({ readerId, uid }) => [cardHash(uid, this.reader(readerId).driver, key), uid]),
    );
    const punches = await this.database.punches();
    return punches
      .map(({ deviceId, hash }) => `${deviceId} ${known.get(hash) ?? `never tapped: ${hash}`}`)
      .sort();
  }

  /** The cards that saw this light, in the same form. */
  cardsThatSaw(light: Light): string[] {
    return this.taps
      .filter((tap) => tap.light === light)
      .map((tap) => `${tap.readerId} ${tap.uid}`)
      .sort();
  }

  /** Waits until every running gateway has nothing left to send. */
  async drained(deadlineMs?: number): Promise<void> {
    for (const gateway of this.gateways) {
      await gateway.drained({
        describe: () => this.central.process.describe(),
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
      });
    }
  }

  /** Leaves nothing behind; then fails if a program did not stop when it was told to. */
  async stop(): Promise<void> {
    const stopped: PromiseSettledResult<unknown>[] = [];
    for (const gateway of this.gateways) {
      stopped.push(...(await Promise.allSettled([gateway.stop()])));
      await gateway.unplugReaders();
    }
    stopped.push(...(await Promise.allSettled([this.central.stop()])));
    await Promise.all([
      this.wire.stop(),
      this.#httpWire.stop(),
      this.centralWire?.stop(),
      this.databaseWire.stop(),
    ]);
    await this.#broker?.stop();
    await this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
    for (const result of stopped) if (result.status === 'rejected') throw result.reason;
  }

  async #provision(): Promise<void> {
    const gateways = [];
    for (const gateway of this.gateways) {
      const { code, stdout, stderr } = await gateway.command('key');
      if (code !== 0) throw new Error(`"rollcall-gateway key" ended with ${code}:\n${stderr}`);
      const { public_key: publicKey } = JSON.parse(stdout) as { public_key: string };
      const devices = gateway.plan.readers.map(({ id, driver, room = 'r101' }) => ({ id, driver, room }));
      gateways.push({ id: gateway.id, publicKey, devices });
    }
    const file = join(this.directory, 'campus.json');
    mkdirSync(this.provisionDir, { recursive: true });
    writeFileSync(file, JSON.stringify(seedFile({ gateways, students: this.students, nowMs: Date.now() })));
    await this.central.seed(file, this.provisionDir);
  }
}

interface CampusParts {
  directory: string;
  database: CampusDatabase;
  wire: ChaosProxy;
  httpWire: ChaosProxy;
  centralWire: ChaosProxy | undefined;
  databaseWire: ChaosProxy;
}

function through(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

/** Resolves when the class session of now exists and takes captures. */
export function classIsOpen(campus: Campus): Promise<true> {
  return until('the class session of now is open', async () => {
    return (await campus.database.count('attendance_session', "status = 'open'")) > 0;
  });
}
