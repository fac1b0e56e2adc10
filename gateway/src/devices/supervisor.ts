import type { Clock } from '@rollcall/protocol/clock';
import type { DeviceState } from '@rollcall/protocol/device-status';
import { type ErrorCode, hasCode, RollcallError } from '@rollcall/protocol/errors';
import type { DeviceConfig } from '../config/schema.js';
import type { DriverDefinition, DriverEvent } from '../drivers/driver.js';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { FingerVerifier } from '../drivers/finger/verifier.js';
import type { TerminalLink } from '../drivers/terminal-log.js';
import type { UserChange } from '../drivers/user-change.js';
import type { Log } from '../log.js';
import { type IdentifyPort, isWatchable, type PortIdentity } from '../transport/port-identity.js';
import type { OpenTransport } from '../transport/transport.js';
import { CaptureRing } from './capture-ring.js';
import { Counters } from './counters.js';
import { DeviceConnection, type Lights, type Stamp, toRollcallError } from './device-connection.js';
import type { DeviceProblem, DeviceSnapshot } from './device-snapshot.js';
import { GarbageMeter } from './garbage-meter.js';
import { RetryPolicy } from './retry-policy.js';

/** How often the port's path is looked at, and the health of the connection judged. */
export const TICK_MS = 2_000;
/** A connection that lasted this long was no flapping: the next loss starts with quick attempts again. */
const STABLE_MS = 60_000;
/** Silences after which a device with heartbeats is connected anew. */
const SILENCES_BEFORE_RECONNECT = 3;
/** One log line per reason and minute: a babbling device must not fill the disk. */
const REJECTION_LOG_INTERVAL_MS = 60_000;

/** Waiting does not help here; a person has to act. */
const BLOCKING_CODES: readonly ErrorCode[] = [
  'PORT_DENIED',
  'DEVICE_AMBIGUOUS',
  'DEVICE_REFUSED',
  'HID_UNAVAILABLE',
  'KEY_INVALID',
];

export interface SupervisorOptions {
  device: DeviceConfig;
  driver: DriverDefinition<unknown>;
  openTransport: OpenTransport;
  identifyPort: IdentifyPort;
  clock: Clock;
  log: Log;
  /** Uniform in [0, 1), for jitter. */
  random: () => number;
  /** Absent where there is no store: then the log of a terminal cannot be drained. */
  terminal?: TerminalLink;
  onEvent(event: DriverEvent, stamp: Stamp): void;
  onChange(snapshot: DeviceSnapshot): void;
  /** A scanner has answered, or its connection has ended. */
  onSensor?(sensor: FingerSensor | undefined): void;
}

/** Keeps one device connected for ever (edge §4.6). Nothing that happens to it reaches anything else. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #retry: RetryPolicy;
  readonly #counters = new Counters();
  readonly #garbage = new GarbageMeter();
  readonly #rejectionLoggedMs = new Map<string, number>();
  readonly capture = new CaptureRing();

  #isRunning = false;
  #connection: DeviceConnection | undefined;
  /** Set while the connection is usable. */
  #readySinceMs: number | undefined;
  #identity: PortIdentity | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #closing: Promise<void> = Promise.resolve();

  /** What the world is told; lags behind during the quick tier on purpose. */
  #state: DeviceState = 'opening';
  #sinceMs: number;
  #problem: DeviceProblem | null = null;
  #lastFrameAtMs: number | null = null;
  #lastByteMs: number | undefined;
  #hasHeartbeat = false;
  #drainedThroughMs: number | null = null;
  #hasSensor = false;
  /** What the device says is wrong with it; said anew by every connection. */
  readonly #conditions = new Map<ErrorCode, string>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log.child({ device_id: options.device.id });
    this.#retry = new RetryPolicy(options.random);
    this.#sinceMs = options.clock.wallMs();
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#options.onChange(this.snapshot());
    this.#connect();
    this.#scheduleTick();
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#cancelRetry?.();
    this.#cancelTick?.();
    this.#show('closing', null);
    this.#release();
    await this.#closing;
  }

  snapshot(): DeviceSnapshot {
    const { device, driver } = this.#options;
    return {
      deviceId: device.id,
      driver: driver.id,
      state: this.#state,
      sinceMs: this.#sinceMs,
      lastFrameAtMs: this.#lastFrameAtMs,
      problem: this.#problem,
      counters: this.#counters.snapshot(),
      completeThrough: driver.kind === 'terminal' ? this.#drainedThroughMs : 'as_of',
    };
  }

  /** The lights of the present connection: taken when the card is read, so that they cannot outlive it. */
  lights(): Lights | undefined {
    return this.#connection?.lights();
  }

  /** @throws RollcallError `PORT_CLOSED` while it is not connected, and what the device says. */
  async changeUser(change: UserChange): Promise<void> {
    if (this.#connection === undefined || this.#readySinceMs === undefined) {
      throw new RollcallError('PORT_CLOSED', `${this.#options.device.id} is not connected; try again later`);
    }
    await this.#connection.changeUser(change);
  }

  /** Of the present connection; undefined where the device compares no fingers. */
  verifier(): FingerVerifier | undefined {
    return this.#connection?.verifier;
  }

  /** Undefined for everything but a scanner that is connected and has answered. */
  get sensor(): FingerSensor | undefined {
    return this.#readySinceMs === undefined ? undefined : this.#connection?.sensor;
  }

  countLostLight(): void {
    this.#counters.add('lights_lost');
  }

  #connect(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (!this.#isRunning || this.#connection !== undefined) return;
    const { device, driver, openTransport, clock } = this.#options;
    const connection: DeviceConnection = new DeviceConnection({
      device,
      driver,
      openTransport,
      clock,
      counters: this.#counters,
      capture: this.capture,
      ...(this.#options.terminal === undefined ? {} : { terminal: this.#options.terminal }),
      onEvent: (event, stamp) => this.#onEvent(event, stamp),
      onBytes: () => {
        this.#lastByteMs = clock.monoMs();
      },
      onLost: (reason) => this.#lost(connection, reason),
    });
    this.#connection = connection;
    void this.#establish(connection);
  }

  async #establish(connection: DeviceConnection): Promise<void> {
    try {
      // The previous connection may still hold the lock of the port.
      await this.#closing;
      this.#identity = await this.#options.identifyPort(this.#options.device.port);
      await connection.open(() => {
        this.#log.debug('device opened');
        if (this.#state !== 'ready' && this.#state !== 'degraded') this.#show('probing', null);
      });
    } catch (error) {
      this.#lost(connection, toRollcallError(error));
      return;
    }
    if (this.#connection !== connection) return;
    this.#readySinceMs = this.#options.clock.monoMs();
    this.#log.info('device ready');
    if (connection.sensor !== undefined) {
      this.#hasSensor = true;
      this.#options.onSensor?.(connection.sensor);
    }
    this.#judge();
  }

  #lost(connection: DeviceConnection, reason: RollcallError): void {
    if (this.#connection !== connection) return;
    const { clock } = this.#options;
    const readySinceMs = this.#readySinceMs;
    this.#release();
    if (!this.#isRunning) return;
    if (readySinceMs !== undefined) {
      this.#counters.add('reconnects');
      if (clock.monoMs() - readySinceMs >= STABLE_MS) this.#retry.reset();
    }
    const isBlocked = BLOCKING_CODES.some((code) => hasCode(reason, code));
    const { waitMs, isOffline } = isBlocked ? this.#retry.nextBlocked() : this.#retry.next();
    this.#log.debug({ err: reason, waitMs }, 'device connection ended');
    if (isOffline)
      this.#show(isBlocked ? 'blocked' : 'absent', { code: reason.code, message: reason.message });
    this.#cancelRetry = clock.after(waitMs, () => this.#connect());
  }

  #release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#readySinceMs = undefined;
    if (this.#hasSensor) {
      this.#hasSensor = false;
      this.#options.onSensor?.(undefined);
    }
    this.#conditions.clear();
    if (connection === undefined) return;
    this.#closing = connection.close().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'closing the device failed');
    });
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    if (isWatchable(this.#options.device.port)) {
      await this.#watchPath();
    }
    if (!this.#isRunning) return;
    this.#judge();
    this.#scheduleTick();
  }

  /** Hot-plug: an unplugged adapter does not always end the open file, and a new one should not have to wait. */
  async #watchPath(): Promise<void> {
    const { device, identifyPort } = this.#options;
    const connection = this.#connection;
    const before = this.#identity;
    const now = await identifyPort(device.port);
    if (!this.#isRunning || this.#connection !== connection) return;
    if (connection === undefined) {
      this.#identity = now;
      if (now !== undefined && now.entry !== before?.entry) this.#connect();
    } else if (this.#readySinceMs !== undefined && now?.target !== before?.target) {
      const what = now === undefined ? 'is no longer there' : 'now leads to another device';
      this.#lost(connection, new RollcallError('PORT_LOST', `${device.port} ${what}; check the plug`));
    }
  }

  /** Ready or degraded, by what the connection has shown lately. */
  #judge(): void {
    const connection = this.#connection;
    const readySinceMs = this.#readySinceMs;
    if (connection === undefined || readySinceMs === undefined) return;
    const { clock, driver } = this.#options;
    const nowMs = clock.monoMs();
    const limitMs = this.#hasHeartbeat ? driver.silenceLimitMs : undefined;
    if (limitMs !== undefined && nowMs - (this.#lastByteMs ?? readySinceMs) > limitMs) {
      const message = `The device has been silent for ${Math.round(limitMs / 1000)} s although it sends heartbeats; check its power and its cable`;
      if (this.#problem?.code !== 'DEVICE_TIMEOUT') this.#counters.add('timeouts');
      this.#show('degraded', { code: 'DEVICE_TIMEOUT', message });
      const quietSinceMs = Math.max(this.#lastByteMs ?? 0, readySinceMs);
      if (nowMs - quietSinceMs > limitMs * SILENCES_BEFORE_RECONNECT) {
        this.#lost(connection, new RollcallError('DEVICE_TIMEOUT', message));
      }
      return;
    }
    const [condition] = this.#conditions;
    if (condition !== undefined) {
      this.#show('degraded', { code: condition[0], message: condition[1] });
      return;
    }
    const garbage = this.#garbage.problemAt(nowMs);
    if (garbage === undefined) this.#show('ready', null);
    else this.#show('degraded', { code: 'FRAME_GARBAGE', message: garbage });
  }

  #onEvent(event: DriverEvent, stamp: Stamp): void {
    if (event.type === 'rejected') {
      this.#onRejected(event, stamp.monoMs);
    } else if (event.type !== 'card_removed') {
      this.#lastFrameAtMs = stamp.wallMs;
      if (event.type === 'alive') this.#hasHeartbeat = true;
      if (event.type === 'drained') this.#drainedThroughMs = event.throughMs;
      if (event.type === 'condition') this.#onCondition(event.code, event.problem);
    }
    this.#options.onEvent(event, stamp);
  }

  #onCondition(code: ErrorCode, problem: string | null): void {
    if (problem === null) this.#conditions.delete(code);
    else this.#conditions.set(code, problem);
    this.#judge();
  }

  #onRejected(event: { reason: string; message: string }, monoMs: number): void {
    this.#garbage.add({ monoMs, reason: event.reason, message: event.message });
    const loggedMs = this.#rejectionLoggedMs.get(event.reason);
    if (loggedMs === undefined || monoMs - loggedMs >= REJECTION_LOG_INTERVAL_MS) {
      this.#rejectionLoggedMs.set(event.reason, monoMs);
      this.#log.warn({ reason: event.reason }, event.message);
    }
    this.#judge();
  }

  #show(state: DeviceState, problem: DeviceProblem | null): void {
    if (
      this.#state === state &&
      this.#problem?.code === problem?.code &&
      this.#problem?.message === problem?.message
    ) {
      return;
    }
    if (this.#state !== state) this.#sinceMs = this.#options.clock.wallMs();
    this.#state = state;
    this.#problem = problem;
    if (problem === null) this.#log.info({ state }, 'device state');
    else this.#log.warn({ state, ...problem }, 'device state');
    this.#options.onChange(this.snapshot());
  }
}
