import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OsdpBus } from '@rollcall/firmware-sim/devices/osdp';
import { osdp } from '@rollcall/firmware-sim/devices/osdp';
import { Random } from '@rollcall/firmware-sim/random';
import type { DeviceSnapshot } from '@rollcall/gateway/devices/device-snapshot';
import { Supervisor } from '@rollcall/gateway/devices/supervisor';
import { type TryOutcome, tryDevice } from '@rollcall/gateway/discovery/try-device';
import type { DriverEvent } from '@rollcall/gateway/drivers/driver';
import { driver } from '@rollcall/gateway/drivers/osdp';
import { silentLog } from '@rollcall/gateway/log';
import { sharePorts } from '@rollcall/gateway/transport/shared-port';
import type { Transport, TransportHandlers } from '@rollcall/gateway/transport/transport';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';

export const KEY = 'f9c2af765c7a17261a651a7b90134818';
export const OTHER_KEY = '000102030405060708090a0b0c0d0e0f';
const STEP_MS = 5;

/** What went over the bus, one packet each, as hex. */
export interface Traffic {
  from: 'panel' | 'reader';
  hex: string;
}

/** Supervised OSDP readers on a bus in memory: the real driver, shared port and supervisors, and simulated readers. */
export class OsdpBench {
  readonly clock = new ManualClock();
  readonly bus: OsdpBus;
  readonly traffic: Traffic[] = [];
  readonly events: (DriverEvent & { device: number })[] = [];
  readonly lights: string[] = [];
  readonly supervisors = new Map<number, Supervisor>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-osdp-'));
  readonly #openTransport = sharePorts(() => this.#port());
  /** Bytes of the next answers are changed or swallowed on their way. */
  onTheWay: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes;
  openings = 0;
  #handlers: TransportHandlers | undefined;

  constructor(settings: Record<string, string> = {}, profile = 'wiegand26') {
    this.bus = osdp.boot({
      clock: this.clock,
      random: new Random(1),
      profile,
      baud: 9600,
      settings,
      link: '',
      rates: { falseReject: 0, falseAccept: 0, poor: 0 },
      setBaud: () => undefined,
      send: (bytes) => {
        this.traffic.push({ from: 'reader', hex: Buffer.from(bytes).toString('hex') });
        const arrived = this.onTheWay(bytes);
        if (arrived !== undefined) this.#handlers?.onBytes(arrived);
      },
      showLight: (color) => this.lights.push(color),
      beep: () => undefined,
      refuse: (reason) => this.lights.push(`refused: ${reason}`),
    }) as OsdpBus;
    this.bus.powerOn();
  }

  keyFile(hex: string): string {
    const path = join(this.#folder, `${hex}.key`);
    writeFileSync(path, `${hex}\n`);
    return path;
  }

  /** Supervises the reader of an address. */
  add(address: number, options: Record<string, unknown> = {}): Supervisor {
    const supervisor = new Supervisor({
      device: {
        id: `osdp-${address}`,
        driver: 'osdp',
        port: 'tcp://bus:1',
        options: driver.options.parse({ address, ...options }),
      },
      driver,
      openTransport: this.#openTransport,
      identifyPort: async () => ({ target: 'bus', entry: 'bus' }),
      clock: this.clock,
      log: silentLog,
      random: () => 0.5,
      onEvent: (event) => this.events.push({ ...event, device: address }),
      onChange: () => undefined,
    });
    this.supervisors.set(address, supervisor);
    supervisor.start();
    return supervisor;
  }

  /** What the doctor finds, which only looks. */
  async look(address: number, options: Record<string, unknown>): Promise<TryOutcome> {
    let outcome: TryOutcome | undefined;
    void tryDevice({
      driver,
      port: 'tcp://bus:1',
      options: driver.options.parse({ address, ...options }),
      openTransport: this.#openTransport,
      clock: this.clock,
    }).then((one) => {
      outcome = one;
    });
    await this.until('somebody has looked', () => outcome !== undefined);
    return outcome as TryOutcome;
  }

  state(address: number): DeviceSnapshot {
    const supervisor = this.supervisors.get(address);
    if (supervisor === undefined) throw new Error(`nobody supervises ${address}`);
    return supervisor.snapshot();
  }

  /** Time passes in small steps, and everything that it settles runs on. */
  async pass(byMs: number): Promise<void> {
    for (let left = byMs; left > 0; left -= STEP_MS) {
      this.clock.advance(STEP_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** @throws when it does not become so within a simulated minute. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let waitedMs = 0; !isSo(); waitedMs += 50) {
      if (waitedMs > 60_000) throw new Error(`never: ${what}`);
      await this.pass(50);
    }
  }

  async untilReady(...addresses: number[]): Promise<void> {
    await this.until('ready', () => addresses.every((address) => this.state(address).state === 'ready'));
  }

  card(hex: string): void {
    this.bus.cardIn(Buffer.from(hex, 'hex'));
  }

  cards(address: number): string[] {
    return this.events.flatMap((event) =>
      event.type === 'card' && event.device === address
        ? [event.read.values.full ?? event.read.values.u32 ?? event.read.values.w26 ?? '']
        : [],
    );
  }

  rejections(): string[] {
    return this.events.flatMap((event) => (event.type === 'rejected' ? [event.reason] : []));
  }

  sent(): string[] {
    return this.traffic.flatMap(({ from, hex }) => (from === 'panel' ? [hex] : []));
  }

  /** The port is pulled out. */
  unplug(): void {
    this.#handlers?.onClose(new RollcallError('PORT_LOST', 'unplugged'));
    this.#handlers = undefined;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.stop()));
    this.bus.powerOff();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #port(): Transport {
    const close = async (): Promise<void> => {
      const handlers = this.#handlers;
      this.#handlers = undefined;
      handlers?.onClose(new RollcallError('PORT_CLOSED', 'closed'));
    };
    return {
      open: async (handlers) => {
        this.openings += 1;
        this.#handlers = handlers;
      },
      write: async (bytes) => {
        this.traffic.push({ from: 'panel', hex: Buffer.from(bytes).toString('hex') });
        this.bus.receive(bytes);
      },
      setBaud: async () => undefined,
      close,
    };
  }
}
