import { type Clock, delay } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DeviceConfig } from '../config/schema.js';
import type { DriverDefinition, DriverEvent } from '../drivers/driver.js';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { KnownFinger } from '../drivers/finger/verifier.js';
import { driverIds, findDriver } from '../drivers/registry.js';
import type { TerminalLink } from '../drivers/terminal-log.js';
import type { UserChange } from '../drivers/user-change.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import { type IdentifyPort, identifyPort } from '../transport/port-identity.js';
import type { OpenTransport } from '../transport/transport.js';
import type { CaptureRing } from './capture-ring.js';
import { CardAndFinger, windowAfterCard } from './card-and-finger.js';
import type { Lights, Stamp } from './device-connection.js';
import type { DeviceSnapshot } from './device-snapshot.js';
import { HolderFinger, type HolderOutcome } from './holder-finger.js';
import { PinEntry } from './pin-entry.js';
import type {
  FingerPresentation,
  Presentation,
  PresentedFinger,
  RecordFinger,
  RecordPresentation,
  RecordRefusedFinger,
  VerifiedCard,
} from './presentation.js';
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
  /** @throws RollcallError `COMMAND_INVALID` for a device that is not there, and what the device says. */
  changeUser(deviceId: string, change: UserChange): Promise<void>;
  /**
   * The scanner of a device that is connected, for an enrollment.
   *
   * @throws RollcallError `COMMAND_INVALID` for a device that is not there or no scanner, `PORT_CLOSED` while it is not
   *   connected
   */
  scanner(deviceId: string): FingerSensor;
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
  /** Keeps the logs of terminals; absent where there are none. */
  terminalOf?(deviceId: string): TerminalLink;
  /** Undefined where no scanner is to be used: then fingers are refused. */
  fingers?: FingerPort;
  onChange(snapshot: DeviceSnapshot): void;
  identifyPort?: IdentifyPort;
  random?: () => number;
}

/** What fingers need beyond a device. */
export interface FingerPort {
  record: RecordFinger;
  recordRefused: RecordRefusedFinger;
  /** A scanner has answered, or is gone. */
  sensorChanged(deviceId: string, sensor: FingerSensor | undefined): void;
  slotsOf(deviceId: string, studentRef: string): readonly number[];
  /** What is known of a student's fingers, for readers that compare them themselves. */
  fingersOf(studentRef: string): readonly KnownFinger[];
  /** Whose card it is; undefined where that is not certain. */
  holderOf(read: CardRead): string | undefined;
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
  driver: DriverDefinition<unknown>;
  supervisor: Supervisor;
  pinEntry: PinEntry;
  inFlight: number;
  /** Set on a scanner whose fingers need a card before them. */
  cardFirst: CardAndFinger | undefined;
  /** Compares the finger of the holder on the reader itself. */
  ownFinger: HolderFinger;
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
    for (const { pinEntry, ownFinger } of this.#members.values()) {
      pinEntry.reset();
      ownFinger.end();
    }
    // Whoever has tapped already still gets the light that belongs to the stored punch.
    const limit = new AbortController();
    await Promise.race([
      Promise.all(this.#pending),
      delay(this.#options.clock, DRAIN_LIMIT_MS, limit.signal).catch(() => undefined),
    ]);
    limit.abort();
    for (const { cardFirst } of this.#members.values()) cardFirst?.end();
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

  async changeUser(deviceId: string, change: UserChange): Promise<void> {
    await this.#member(deviceId).supervisor.changeUser(change);
  }

  scanner(deviceId: string): FingerSensor {
    const { supervisor, driver } = this.#member(deviceId);
    if (driver.kind !== 'finger') {
      throw new RollcallError(
        'COMMAND_INVALID',
        `${deviceId} is no fingerprint scanner, or a terminal that does not call now; name another`,
      );
    }
    const { sensor } = supervisor;
    if (sensor !== undefined) return sensor;
    throw new RollcallError('PORT_CLOSED', `${deviceId} is not connected; plug it in and try again`);
  }

  #member(deviceId: string): Member {
    const member = this.#members.get(deviceId);
    if (member !== undefined) return member;
    throw new RollcallError('COMMAND_INVALID', `This gateway has no device ${deviceId}`);
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
    const terminal = this.#options.terminalOf?.(device.id);
    const member: Member = {
      device,
      driver,
      inFlight: 0,
      cardFirst: this.#cardFirst(device),
      ownFinger: new HolderFinger({
        fingers: this.#options.fingers,
        verifier: () => member.supervisor.verifier(),
        onOutcome: (outcome, card) => this.#onOwnFinger(member, outcome, card),
        onFailure: (error) =>
          log.warn({ err: error, device_id: device.id }, 'a finger could not be compared'),
      }),
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
        ...(terminal === undefined ? {} : { terminal }),
        onEvent: (event, stamp) => this.#onEvent(member, event, stamp),
        onChange,
        onSensor: (sensor) => {
          this.#options.fingers?.sensorChanged(device.id, sensor);
          member.cardFirst?.sensorChanged(sensor);
        },
      }),
    };
    return member;
  }

  #cardFirst(device: DeviceConfig): CardAndFinger | undefined {
    const { id, withCard } = device;
    const { fingers, clock } = this.#options;
    if (withCard === undefined || fingers === undefined) return undefined;
    return new CardAndFinger({
      clock,
      windowMs: windowAfterCard(device),
      slotsOf: (studentRef) => fingers.slotsOf(id, studentRef),
    });
  }

  #onEvent(member: Member, event: DriverEvent, stamp: Stamp): void {
    if (this.#isStopping) return;
    switch (event.type) {
      case 'card':
        member.pinEntry.cardShown(event.read);
        this.#present(member, event, stamp);
        this.#expectFinger(member, event.read);
        member.ownFinger.cardShown(event.read);
        return;
      case 'keys':
        member.pinEntry.press(event.digits);
        return;
      case 'finger': {
        const { slot, score } = event;
        this.#onFinger(member, score === undefined ? { slot } : { slot, score }, stamp);
        return;
      }
      case 'finger_image':
        this.#onFinger(member, { image: event.image }, stamp);
        return;
      case 'finger_template':
        this.#onFinger(member, { template: event.template }, stamp);
        return;
      case 'finger_unknown':
        this.#answer(member, () => Promise.resolve('not_recognized'));
        return;
      case 'finger_refused': {
        const refused = { deviceId: member.device.id, reason: event.reason, ...stamp };
        this.#answer(
          member,
          async () => (await this.#options.fingers?.recordRefused(refused)) ?? 'not_recognized',
        );
      }
    }
  }

  #onFinger(member: Member, finger: PresentedFinger, stamp: Stamp): void {
    const { cardFirst, device } = member;
    const card = cardFirst?.card;
    const presentation: FingerPresentation = {
      deviceId: device.id,
      ...(device.direction === undefined || device.direction === 'both'
        ? {}
        : { directionHint: device.direction }),
      ...stamp,
      finger,
    };
    this.#answer(member, async () => {
      // Without a card before it the finger is nobody's, whoever it is.
      if (cardFirst !== undefined && card === undefined) return 'not_recognized';
      const { fingers } = this.#options;
      if (fingers === undefined) return 'refused';
      const signal = await fingers.record(card === undefined ? presentation : { ...presentation, card });
      if (card !== undefined) cardFirst?.fingerAnswered(card, signal);
      return signal;
    });
  }

  #onOwnFinger(member: Member, outcome: HolderOutcome, card: VerifiedCard): void {
    const { fingers, clock } = this.#options;
    if (outcome.outcome === 'absent' || fingers === undefined || this.#isStopping) return;
    const { id: deviceId, direction } = member.device;
    this.#answer(member, async () => {
      if (outcome.outcome === 'other') return 'not_recognized';
      return fingers.record({
        deviceId,
        finger: { verified: card.studentRef, position: outcome.position, score: outcome.score },
        card,
        ...(direction === undefined || direction === 'both' ? {} : { directionHint: direction }),
        monoMs: clock.monoMs(),
        wallMs: clock.wallMs(),
      });
    });
  }

  /** The scanners that wait for a card of this reader compare with its holder from now on. */
  #expectFinger(reader: Member, read: CardRead): void {
    const { fingers } = this.#options;
    for (const { device, cardFirst } of this.#members.values()) {
      if (device.withCard === reader.device.id) cardFirst?.cardShown(read, fingers?.holderOf(read));
    }
  }

  #present(member: Member, shown: Pick<Presentation, 'read' | 'pin' | 'directionHint'>, stamp: Stamp): void {
    const { device } = member;
    const hint = shown.directionHint ?? (device.direction === 'both' ? undefined : device.direction);
    const presentation = {
      deviceId: device.id,
      read: shown.read,
      pin: shown.pin,
      directionHint: hint,
      monoMs: stamp.monoMs,
      wallMs: stamp.wallMs,
    };
    this.#answer(member, () => this.#options.record(presentation));
  }

  #answer(member: Member, record: () => Promise<FeedbackSignal>): void {
    const answering = this.#answering(member);
    // Taken now: if that connection ends before the disk answers, nobody else may get this light.
    const lights = answering.supervisor.lights();
    const task = this.#record(member, record)
      .then((signal) => this.#showSignal(answering, lights, signal))
      .then(() => void this.#pending.delete(task));
    this.#pending.add(task);
  }

  #showWrongPin(member: Member): void {
    const answering = this.#answering(member);
    void this.#showSignal(answering, answering.supervisor.lights(), 'pin_wrong');
  }

  #answering(member: Member): Member {
    return this.#members.get(member.device.feedback ?? member.device.id) ?? member;
  }

  async #record(member: Member, record: () => Promise<FeedbackSignal>): Promise<FeedbackSignal> {
    if (member.inFlight >= PRESENTATIONS_IN_FLIGHT_MAX) {
      this.#options.log.error(
        { device_id: member.device.id },
        'too many reads wait for the disk; one was refused',
      );
      return 'refused';
    }
    member.inFlight += 1;
    try {
      return await record();
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
      if (!answering.driver.hasLights) return;
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
