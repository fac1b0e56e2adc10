import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { HostEnd } from '../wire/host-end.test-support.js';
import type { DeviceEvent } from './device-event.js';
import { SimulatedDevice } from './simulated-device.js';

const BOOT_MS = 500;

/** A simulated device on a real pty with a host at the other end, and a clock that the test moves. */
export class DeviceBench {
  readonly clock = new ManualClock();
  readonly folder = mkdtempSync(join(tmpdir(), 'rollcall-sim-'));
  readonly events: DeviceEvent[] = [];
  readonly device: SimulatedDevice;
  host: HostEnd | undefined;
  readonly #waiters: { name: DeviceEvent['event']; resolve: (event: DeviceEvent) => void }[] = [];

  constructor(driver: string, profile?: string) {
    this.device = new SimulatedDevice({
      id: 'bench',
      driver,
      linkPath: join(this.folder, 'dev', 'bench'),
      clock: this.clock,
      ...(profile === undefined ? {} : { profile }),
      report: (event) => this.#note(event),
    });
  }

  get link(): string {
    return this.device.wire.link.path;
  }

  /** Plugs the device in and opens its path as a host does. */
  async start(): Promise<HostEnd> {
    this.device.start();
    // Boots before anybody listens: what it says then is lost.
    this.clock.advance(BOOT_MS);
    return this.openHost();
  }

  async openHost(): Promise<HostEnd> {
    const opened = this.next('host');
    this.host = new HostEnd(this.link);
    await opened;
    return this.host;
  }

  /** The next event of this kind. */
  next(name: DeviceEvent['event']): Promise<DeviceEvent> {
    return new Promise((resolve) => this.#waiters.push({ name, resolve }));
  }

  sent(): string[] {
    return this.events.flatMap((event) => (event.event === 'sent' ? [event.hex] : []));
  }

  async stop(): Promise<void> {
    await this.device.stop();
    await this.host?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #note(event: DeviceEvent): void {
    this.events.push(event);
    const index = this.#waiters.findIndex((waiter) => waiter.name === event.event);
    if (index >= 0) this.#waiters.splice(index, 1)[0]?.resolve(event);
  }
}
