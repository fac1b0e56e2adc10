import { ManualClock } from '@rollcall/protocol/manual-clock';
import type { DriverEvent } from '../drivers/driver.js';
import { findDriver } from '../drivers/registry.js';
import { silentLog } from '../log.js';
import { MemoryPort } from '../transport/memory.fixture.js';
import type { PortIdentity } from '../transport/port-identity.js';
import type { Stamp } from './device-connection.js';
import type { DeviceSnapshot } from './device-snapshot.js';
import { Supervisor } from './supervisor.js';

/** One supervised device on a port in memory. */
export class SupervisorBench {
  readonly clock = new ManualClock();
  readonly port = new MemoryPort();
  readonly events: (DriverEvent & Stamp)[] = [];
  readonly published: DeviceSnapshot[] = [];
  readonly supervisor: Supervisor;
  /** What stands at the path. */
  identity: PortIdentity | undefined = { target: 'tty1', entry: 'link1' };

  constructor(driverId: string, { port = '/dev/reader', options = {} as Record<string, unknown> } = {}) {
    const driver = findDriver(driverId);
    if (driver === undefined) throw new Error(driverId);
    this.supervisor = new Supervisor({
      device: { id: 'bench', driver: driverId, port, options: driver.options.parse(options) },
      driver,
      openTransport: this.port.openTransport,
      identifyPort: async () => this.identity,
      clock: this.clock,
      log: silentLog,
      random: () => 0.999_999,
      onEvent: (event, stamp) => this.events.push({ ...event, ...stamp }),
      onChange: (snapshot) => this.published.push(snapshot),
    });
  }

  get states(): string[] {
    return this.published.map(({ state }) => state);
  }

  /** Moves time on in small steps, letting what was started settle in between. */
  async advance(byMs: number): Promise<void> {
    const stepMs = 250;
    await settle();
    for (let left = byMs; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await settle();
    }
  }

  async startReady(): Promise<void> {
    this.supervisor.start();
    await this.advance(3_000);
    if (this.supervisor.snapshot().state !== 'ready') throw new Error(this.states.join());
    this.published.length = 0;
  }

  unplug(): void {
    this.identity = undefined;
    this.port.unplug();
  }

  plug(entry: string): void {
    this.identity = { target: 'tty1', entry };
    this.port.plug();
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
