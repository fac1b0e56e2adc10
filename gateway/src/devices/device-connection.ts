import { randomBytes } from 'node:crypto';
import { type Clock, delay } from '@rollcall/protocol/clock';
import { hasCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { DeviceConfig } from '../config/schema.js';
import type { DriverDefinition, DriverEvent, DriverSession } from '../drivers/driver.js';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { FingerVerifier } from '../drivers/finger/verifier.js';
import type { TerminalLink } from '../drivers/terminal-log.js';
import type { UserChange } from '../drivers/user-change.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { FeatureReports, OpenTransport, Transport } from '../transport/transport.js';
import type { CaptureRing } from './capture-ring.js';
import type { Counters } from './counters.js';
import { linkOf } from './link-of.js';
import { noTerminalLink } from './no-terminal-link.js';
import { readSecret } from './secret-file.js';

/** Longest opening; a wedged USB bridge can hold it for ever. */
const OPEN_TIMEOUT_MS = 10_000;

/** Both clocks at one moment. */
export interface Stamp {
  monoMs: number;
  wallMs: number;
}

/** Shows a signal on one connection; rejects when that connection is gone, so it never reaches the next person. */
export type Lights = (signal: FeedbackSignal) => Promise<void>;

export interface DeviceConnectionOptions {
  device: DeviceConfig;
  driver: DriverDefinition<unknown>;
  openTransport: OpenTransport;
  clock: Clock;
  counters: Counters;
  capture: CaptureRing;
  /** Absent where nothing is kept: then the log of a terminal cannot be drained. */
  terminal?: TerminalLink;
  /** Nothing of the device may be changed: somebody only looks whether it is there. */
  isLookedAt?: true;
  onEvent(event: DriverEvent, stamp: Stamp): void;
  onBytes(): void;
  /** Called at most once, and only after `open` resolved. */
  onLost(reason: RollcallError): void;
}

/** One connection to one device: a new port, a new parser and a new driver session, thrown away together. */
export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #transport: Transport;
  readonly #stopped = new AbortController();
  #session: DriverSession | undefined;
  /** The moment of the chunk that is being decoded. */
  #chunkStamp: Stamp | undefined;
  #isOpen = false;
  #lostReason: RollcallError | undefined;

  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    const { device, driver } = options;
    this.#transport = options.openTransport(device.port, linkOf(driver, device));
  }

  /**
   * Opens the port, starts the driver and finds out whether the device answers.
   *
   * @throws RollcallError of the transport or of the driver's probe.
   */
  async open(onOpened: () => void): Promise<void> {
    await this.#openTransport();
    this.#throwIfLost();
    const session = this.#sessionNow();
    onOpened();
    await session.probe?.().catch((error: unknown) => {
      // Why the connection went says more than that a question had no answer.
      throw this.#lostReason ?? error;
    });
    this.#throwIfLost();
    await delay(this.#options.clock, this.#options.driver.link.readyWithinMs, this.#stopped.signal);
    this.#throwIfLost();
    this.#isOpen = true;
  }

  /** Whether the device could be asked for an answer; known once it was opened. */
  get isAsked(): boolean {
    return this.#session?.probe !== undefined;
  }

  /** Undefined where the device has no lights or is not connected. */
  lights(): Lights | undefined {
    const session = this.#session;
    if (session?.feedback === undefined || this.#lostReason !== undefined) return undefined;
    return (signal) => session.feedback?.(signal) ?? Promise.resolve();
  }

  /** @throws RollcallError `DEVICE_REFUSED`, `DEVICE_TIMEOUT`, or why the connection is gone. */
  async changeUser(change: UserChange): Promise<void> {
    this.#throwIfLost();
    const { device } = this.#options;
    if (this.#session?.changeUser === undefined) {
      throw new RollcallError('DEVICE_REFUSED', `${device.id} keeps no users; name a terminal`);
    }
    await this.#session.changeUser(change);
  }

  /** Undefined for everything but a scanner that has answered, and after its connection was lost. */
  get sensor(): FingerSensor | undefined {
    return this.#isOpen && this.#lostReason === undefined ? this.#session?.sensor : undefined;
  }

  /** As {@link sensor}, of a reader that compares fingers with templates that it is given. */
  get verifier(): FingerVerifier | undefined {
    return this.#isOpen && this.#lostReason === undefined ? this.#session?.verifier : undefined;
  }

  async close(): Promise<void> {
    this.#lostReason ??= new RollcallError(
      'PORT_CLOSED',
      `The connection of ${this.#options.device.id} was closed`,
    );
    this.#stopped.abort(this.#lostReason);
    this.#session?.close();
    await this.#transport.close();
  }

  async #openTransport(): Promise<void> {
    const { clock, device } = this.#options;
    const opening = this.#transport.open({
      onBytes: (chunk) => this.#onBytes(chunk),
      onClose: (reason) => this.#lose(reason),
    });
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(OPEN_TIMEOUT_MS, () =>
        reject(
          new RollcallError(
            'DEVICE_TIMEOUT',
            `Opening ${device.port} took longer than ${OPEN_TIMEOUT_MS / 1000} s; unplug the reader and plug it in again`,
          ),
        ),
      );
    });
    try {
      await Promise.race([opening, late]);
    } catch (error) {
      // An opening that succeeds after all would hold the port against the next attempt.
      opening.then(
        () => this.#transport.close(),
        () => undefined,
      );
      throw adviseWhereAbsent(error, device, this.#options.driver);
    } finally {
      cancel();
    }
  }

  #sessionNow(): DriverSession {
    if (this.#session !== undefined) return this.#session;
    const { device, driver, clock, counters, terminal = noTerminalLink } = this.#options;
    this.#session = driver.open({
      deviceId: device.id,
      options: device.options,
      clock,
      isLookedAt: this.#options.isLookedAt === true,
      datagrams: this.#transport.datagrams === true,
      write: (bytes) => this.#write(bytes),
      setBaud: (baud) => this.#transport.setBaud(baud),
      features: {
        set: (report) => this.#setFeature(report),
        get: (reportId, bytes) => this.#getFeature(reportId, bytes),
      },
      randomBytes,
      terminal,
      readSecret,
      takeTurn: () => this.#takeTurn(),
      conceal: () => this.#options.capture.conceal(),
      giveUp: (reason) => this.#lose(reason),
      emit: (event) => this.#emit(event),
      capture: (direction, bytes) => this.#options.capture.add(direction, clock.monoMs(), bytes),
      count: (counter, by) => counters.add(counter, by),
    });
    return this.#session;
  }

  #onBytes(chunk: Uint8Array): void {
    if (this.#lostReason !== undefined) return;
    const { clock } = this.#options;
    this.#chunkStamp = { monoMs: clock.monoMs(), wallMs: clock.wallMs() };
    this.#capture('in', chunk);
    this.#options.onBytes();
    try {
      this.#sessionNow().onBytes(chunk);
    } catch (cause) {
      // A mistake in one driver ends this connection, not the gateway.
      this.#lose(
        new RollcallError('INTERNAL', `Driver ${this.#options.driver.id} failed on its input`, { cause }),
      );
    } finally {
      this.#chunkStamp = undefined;
    }
  }

  #emit(event: DriverEvent): void {
    if (this.#lostReason !== undefined) return;
    const { clock } = this.#options;
    this.#options.onEvent(event, this.#chunkStamp ?? { monoMs: clock.monoMs(), wallMs: clock.wallMs() });
  }

  #takeTurn(): Promise<() => void> {
    if (this.#lostReason !== undefined) return Promise.reject(this.#lostReason);
    return this.#transport.takeTurn?.() ?? Promise.resolve(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#lostReason !== undefined) throw this.#lostReason;
    this.#capture('out', bytes);
    try {
      await this.#transport.write(bytes);
    } catch (error) {
      if (hasCode(error, 'PORT_WRITE_TIMEOUT')) {
        this.#options.counters.add('timeouts');
        this.#lose(error);
      }
      throw error;
    }
  }

  async #setFeature(report: Uint8Array): Promise<void> {
    const features = this.#featuresNow();
    this.#options.capture.add('out', this.#options.clock.monoMs(), report);
    await features.set(report);
  }

  async #getFeature(reportId: number, bytes: number): Promise<Uint8Array> {
    const report = await this.#featuresNow().get(reportId, bytes);
    this.#throwIfLost();
    this.#options.capture.add('in', this.#options.clock.monoMs(), report);
    this.#options.onBytes();
    return report;
  }

  #featuresNow(): FeatureReports {
    this.#throwIfLost();
    const { features } = this.#transport;
    if (features !== undefined) return features;
    const { device, driver } = this.#options;
    throw new RollcallError(
      'DEVICE_REFUSED',
      `${device.port} has no feature reports, and driver ${driver.id} needs them; write the port as hid:VID:PID`,
    );
  }

  #capture(direction: 'in' | 'out', bytes: Uint8Array): void {
    const { capture, clock, driver } = this.#options;
    if (driver.isPrivateWire !== true && driver.capturesItself !== true)
      capture.add(direction, clock.monoMs(), bytes);
  }

  #lose(reason: RollcallError): void {
    if (this.#lostReason !== undefined) return;
    this.#lostReason = reason;
    this.#stopped.abort(reason);
    this.#session?.close();
    if (this.#isOpen) this.#options.onLost(reason);
  }

  #throwIfLost(): void {
    if (this.#lostReason !== undefined) throw this.#lostReason;
  }
}

/** What the family says of a port where nobody is, for what the transport says of any. */
function adviseWhereAbsent(
  error: unknown,
  { port }: DeviceConfig,
  { adviceWhereAbsent }: DriverDefinition<unknown>,
): unknown {
  if (!hasCode(error, 'PORT_ABSENT')) return error;
  const advice = adviceWhereAbsent?.(port, error.cause);
  return advice === undefined ? error : new RollcallError('PORT_ABSENT', advice, { cause: error });
}

/** Whatever was thrown, as an error with a code. */
export function toRollcallError(error: unknown): RollcallError {
  return isRollcallError(error)
    ? error
    : new RollcallError('INTERNAL', 'Unexpected failure', { cause: error });
}
