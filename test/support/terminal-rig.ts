import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import type { TerminalMemory } from '@rollcall/firmware-sim/devices/terminal/terminal-memory';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import type { UserChange } from '@rollcall/gateway/drivers/user-change';
import { CardLookup } from '@rollcall/gateway/identify/card-lookup';
import { createKeepLogs } from '@rollcall/gateway/identify/keep-logs';
import { silentLog } from '@rollcall/gateway/log';
import type { RowStamp } from '@rollcall/gateway/store/outbox-row';
import { openStore, type Store } from '@rollcall/gateway/store/store';
import { Writer } from '@rollcall/gateway/store/writer';
import type { StrangerNews } from '@rollcall/gateway/transport/http-listener';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { fasterClock } from './faster-clock.js';
import { freePort } from './free-port.js';
import { PeopleParts } from './people-parts.js';

const BOOT_ID = '0b0b0b0b-1111-4222-8333-444444444444';
const ZONE_MS = 5.5 * 3_600_000;

export interface RigOptions {
  dataDir: string;
  driver: 'zk-push' | 'zk-4370';
  profile: string;
  /** Of one that is asked: by UDP. */
  udp?: true;
  options?: Record<string, unknown>;
  /** Of the simulated terminal. */
  settings?: Record<string, string>;
  /** How many times faster both wait, where each one's patience with the other matters. */
  hurry?: number;
}

interface Running {
  fleet: Fleet;
  store: Store;
  writer: Writer;
  people: PeopleParts;
}

/** A simulated terminal on a real TCP port and what keeps its log: fleet, driver, writer and a SQLite store on disk. */
export class TerminalRig {
  readonly terminal: SimulatedDevice;
  readonly strangers: StrangerNews[] = [];
  readonly #options: RigOptions;
  readonly #port: string;
  #running: Running;

  private constructor(options: RigOptions, port: string) {
    this.#options = options;
    this.#port = port;
    this.terminal = new SimulatedDevice({
      id: 'terminal',
      driver: options.driver,
      profile: options.profile,
      linkPath: port,
      settings: options.settings ?? {},
      clock: fasterClock(options.hurry ?? 100, { elapsed: 'real' }),
    });
    this.#running = this.#open();
  }

  static async start(options: RigOptions): Promise<TerminalRig> {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    return new TerminalRig(
      options,
      options.driver === 'zk-push'
        ? `http://${address}/SIM0001`
        : `${options.udp === true ? 'udp' : 'tcp'}://${address}`,
    );
  }

  get memory(): TerminalMemory {
    const { memory } = this.terminal.firmware;
    if (memory === undefined) throw new Error('this is no terminal');
    return memory;
  }

  /** What the gateway has of its people; anew after a restart. */
  get people(): PeopleParts {
    return this.#running.people;
  }

  get state(): string | undefined {
    return this.#running.fleet.snapshot()[0]?.state;
  }

  get problem(): string | undefined {
    return this.#running.fleet.snapshot()[0]?.problem?.code;
  }

  get completeThrough(): number | null | undefined {
    const through = this.#running.fleet.snapshot()[0]?.completeThrough;
    return through === 'as_of' ? undefined : through;
  }

  get news(): string[] {
    return this.rows('event').map(({ detail }) => (detail as { type: string }).type);
  }

  /** How many punches are in the outbox. */
  get count(): number {
    const { db } = this.#running.store;
    const row = db.prepare("SELECT count(*) AS n FROM outbox WHERE kind = 'punch'").get();
    return (row as { n: number }).n;
  }

  /** Every punch in the outbox: who and, by the terminal's clock, when; sorted. */
  get kept(): string[] {
    return this.rows('punch')
      .map((row) => `${(row['student'] as { student_ref: string }).student_ref} ${row['device_time']}`)
      .sort();
  }

  /** The same of what the terminal holds. */
  get held(): string[] {
    return this.memory.entries
      .filter(({ isBroken }) => isBroken !== true)
      .map(({ user, localMs }) => `${user} ${new Date(localMs - ZONE_MS).toISOString()}`)
      .sort();
  }

  changeUser(change: UserChange): Promise<void> {
    return this.#running.fleet.changeUser('terminal', change);
  }

  rows(kind: 'punch' | 'event' | 'anchor'): Record<string, unknown>[] {
    const { outbox } = this.#running.store;
    const rows: Record<string, unknown>[] = [];
    for (let from = 1; from <= outbox.headSeq(); from += 1_000) {
      for (const row of outbox.read(from, 1_000)) if (row.kind === kind) rows.push(JSON.parse(row.body));
    }
    return rows;
  }

  /** The gateway ends and starts again on the same disk. */
  async restartGateway(): Promise<void> {
    await this.#stopGateway();
    this.#running = this.#open();
  }

  async stop(): Promise<void> {
    await this.#stopGateway();
    await this.terminal.stop();
  }

  async #stopGateway(): Promise<void> {
    const { fleet, writer, store, people } = this.#running;
    people.sync.stop();
    await fleet.stop();
    writer.close();
    store.close();
  }

  #open(): Running {
    const { dataDir, driver, options = {}, hurry = 10 } = this.#options;
    const stamp = (): RowStamp => ({
      boot_id: BOOT_ID,
      mono_ms: Math.round(systemClock.monoMs()),
      occurred_at: new Date(systemClock.wallMs()).toISOString(),
      clock_state: 'synced',
    });
    const store = openStore({ dataDir, clock: systemClock, log: silentLog, stamp });
    const writer = new Writer({ store, clock: systemClock, log: silentLog, stamp });
    const logs = createKeepLogs({
      hmacHex: () => '0'.repeat(64),
      lookup: new CardLookup(store.db),
      newPunchId: store.newPunchId,
      stamp,
      deviceState: store.deviceState,
      keepLogs: (batch) => writer.keepLogs(batch),
      log: silentLog,
    });
    const clock = fasterClock(hurry, { elapsed: 'real' });
    const people = new PeopleParts(store, clock);
    const fleet = createFleet({
      devices: [
        {
          id: 'terminal',
          driver,
          port: this.#port,
          options: findDriver(driver)?.options.parse({ user_ids: 'roll_number', ...options }),
        },
      ],
      openTransport: createOpenTransport(clock, undefined, (stranger) => this.strangers.push(stranger)),
      clock,
      log: silentLog,
      record: async () => 'refused',
      terminalOf: (id) => ({ ...logs.of(id), people: people.sync.of(id) }),
      onChange: () => undefined,
      random: () => 0,
    });
    fleet.start();
    return { fleet, store, writer, people };
  }
}
