import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DeviceConfig } from '../config/schema.js';
import type { DriverEvent } from '../drivers/driver.js';
import { driverIds, findDriver } from '../drivers/registry.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import { type IdentifyPort, identifyPort } from '../transport/port-identity.js';
import type { OpenTransport } from '../transport/transport.js';
import type { CaptureRing } from './capture-ring.js';
import type { Lights, Stamp } from './device-connection.js';
import type { DeviceSnapshot } from './device-snapshot.js';
import { PinEntry } from './pin-entry.js';
import type { Presentation, RecordPresentation } from './presentation.js';
import { Supervisor } from './supervisor.js';

/** Presentations of one device that may wait for the disk; people tap far slower, a broken device does not. */
export const PRESENTATIONS_IN_FLIGHT_MAX = 64;
/** How long a stop waits for the lights of people who have just tapped. */
const DRAIN_LIMIT_MS = 5_000;

export interface Fleet {
  start(): void;
  stop(): Promise<void>;
  snapshot(): DeviceSnapshot[];
  /** The last bytes on the wire of each device. */
  captures(): DeviceCapture[];
}

export interface DeviceCapture {
  deviceId: string;
  driver: string;
  ring: CaptureRing;
}

export interface FleetOptions {
  devices: readonly DeviceConfig[];
  openTransport: OpenTransport;
  clock: Clock;
  log: Log;
  record: RecordPresentation;
  onChange(snapshot: DeviceSnapshot): void;
  identifyPort?: IdentifyPort;
  random?: () => number;
}

/**
 * All devices of the gateway, each under its own supervisor.
 *
 * @throws RollcallError `DRIVER_UNKNOWN`.
 */
export function createFleet(options: FleetOptions): Fleet {
  return new SupervisedFleet(options);
}

interface Member {
  device: DeviceConfig;
  hasLights: boolean;
  supervisor: Supervisor;
  pinEntry: PinEntry;
  inFlight: number;
}

class SupervisedFleet implements Fleet {
  readonly #options: FleetOptions;
  readonly #members = new Map<string, Member>();
  readonly #pending = new Set<Promise<void>>();
  #isStopping = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    for (const device of options.devices) this.#members.set(device.id, this.#createMember(device));
  }

  start(): void {
    for (const { supervisor } of this.#members.values()) supervisor.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { pinEntry } of this.#members.values()) pinEntry.reset();
    // Whoever has tapped already still gets the light that belongs to the stored punch.
    const limit = new AbortController();
    await Promise.race([
      Promise.all(this.#pending),
      delay(this.#options.clock, DRAIN_LIMIT_MS, limit.signal).catch(() => undefined),
    ]);
    limit.abort();
    await Promise.all([...this.#members.values()].map(({ supervisor }) => supervisor.stop()));
  }

  snapshot(): DeviceSnapshot[] {
    return [...this.#members.values()].map(({ supervisor }) => supervisor.snapshot());
  }

  captures(): DeviceCapture[] {
    return [...this.#members.values()].map(({ device, supervisor }) => ({
      deviceId: device.id,
      driver: device.driver,
      ring: supervisor.capture,
    }));
  }

  #createMember(device: DeviceConfig): Member {
    const driver = findDriver(device.driver);
    if (driver === undefined) {
      throw new RollcallError(
        'DRIVER_UNKNOWN',
        `There is no driver "${device.driver}"; known: ${driverIds.join(', ')}`,
      );
    }
    const { openTransport, clock, log, onChange } = this.#options;
    const member: Member = {
      device,
      hasLights: driver.hasLights,
      inFlight: 0,
      pinEntry: new PinEntry({
        clock,
        onPin: (read, pin) =>
          this.#present(member, { read, pin }, { monoMs: clock.monoMs(), wallMs: clock.wallMs() }),
        onStray: () => this.#showWrongPin(member),
      }),
      supervisor: new Supervisor({
        device,
        driver,
        openTransport,
        identifyPort: this.#options.identifyPort ?? identifyPort,
        clock,
        log,
        random: this.#options.random ?? Math.random,
        onEvent: (event, stamp) => this.#onEvent(member, event, stamp),
        onChange,
      }),
    };
    return member;
  }

  #onEvent(member: Member, event: DriverEvent, stamp: Stamp): void {
    if (this.#isStopping) return;
    if (event.type === 'keys') member.pinEntry.press(event.digits);
    if (event.type !== 'card') return;
    member.pinEntry.cardShown(event.read);
    this.#present(member, event, stamp);
  }

  #present(member: Member, shown: Pick<Presentation, 'read' | 'pin' | 'directionHint'>, stamp: Stamp): void {
    const { device } = member;
    const answering = this.#answering(member);
    // Taken now: if that connection ends before the disk answers, nobody else may get this light.
    const lights = answering.supervisor.lights();
    const hint = shown.directionHint ?? (device.direction === 'both' ? undefined : device.direction);
    const task = this.#record(member, {
      deviceId: device.id,
      read: shown.read,
      ...(shown.pin === undefined ? {} : { pin: shown.pin }),
      ...(hint === undefined ? {} : { directionHint: hint }),
      ...stamp,
    }).then((signal) => this.#showSignal(answering, lights, signal));
    this.#pending.add(task);
    void task.finally(() => this.#pending.delete(task));
  }

  #showWrongPin(member: Member): void {
    const answering = this.#answering(member);
    void this.#showSignal(answering, answering.supervisor.lights(), 'pin_wrong');
  }

  #answering(member: Member): Member {
    return this.#members.get(member.device.feedback ?? member.device.id) ?? member;
  }

  async #record(member: Member, presentation: Parameters<RecordPresentation>[0]): Promise<FeedbackSignal> {
    if (member.inFlight >= PRESENTATIONS_IN_FLIGHT_MAX) {
      this.#options.log.error(
        { device_id: member.device.id },
        'too many reads wait for the disk; one was refused',
      );
      return 'refused';
    }
    member.inFlight += 1;
    try {
      return await this.#options.record(presentation);
    } catch (error) {
      this.#options.log.error({ err: error, device_id: member.device.id }, 'recording a punch failed');
      return 'refused';
    } finally {
      member.inFlight -= 1;
    }
  }

  /** Feedback only ever follows the commit; what cannot be shown now is not shown later. */
  async #showSignal(answering: Member, lights: Lights | undefined, signal: FeedbackSignal): Promise<void> {
    try {
      if (lights !== undefined) {
        await lights(signal);
        return;
      }
      if (!answering.hasLights) return;
      throw new RollcallError('PORT_CLOSED', `${answering.device.id} is not connected`);
    } catch (error) {
      answering.supervisor.countLostLight();
      this.#options.log.warn(
        { err: error, device_id: answering.device.id, signal },
        'a light could not be shown',
      );
    }
  }
}
