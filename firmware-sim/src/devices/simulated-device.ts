import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { Random } from '../random.js';
import { DeviceWire } from '../wire/device-wire.js';
import { ReportWire } from '../wire/report-wire.js';
import type { Wire, WireOptions } from '../wire/wire.js';
import { CardField } from './card-field.js';
import type { DeviceModel, DeviceProfile, Firmware } from './device.js';
import type { DeviceEvent, LightColor } from './device-event.js';
import { deviceModel } from './registry.js';
import { DATASHEET_RATES, FINGER_NAME, type FingerRates } from './simulated-finger.js';

/** How long a card that is swiped stays in the field unless said otherwise. */
export const SWIPE_MS = 1_000;
export const SWIPE_MS_MAX = 600_000;
/** Scanners look for the absence of a finger for half a second before the next one counts; hands are slower. */
const NEXT_FINGER_GAP_MS = 1_000;

export interface SimulatedDeviceOptions {
  id: string;
  driver: string;
  linkPath: string;
  clock: Clock;
  profile?: string;
  baud?: number;
  settings?: Readonly<Record<string, string>>;
  seed?: number;
  /** Those of the data sheets unless given. */
  rates?: Partial<FingerRates>;
  report?(event: DeviceEvent): void;
}

/** A device on a pty: its firmware, its cable, the cards that people show it, and what its lights did. */
export class SimulatedDevice {
  readonly id: string;
  readonly model: DeviceModel;
  readonly profile: DeviceProfile;
  readonly clock: Clock;
  random: Random;
  readonly wire: Wire;
  firmware: Firmware;
  readonly field: CardField;
  readonly fingers: CardField<string>;
  readonly #rates: FingerRates;
  /** Counted from the bytes that came over the pty, never from the gateway's word. */
  readonly lights: Record<LightColor, number> = { off: 0, green: 0, amber: 0, red: 0 };
  beeps = 0;
  refusals = 0;
  readonly #cancelLater = new Set<() => void>();
  readonly #seed: number;
  #exchanges = 0;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #reporters: ((event: DeviceEvent) => void)[] = [];

  constructor(options: SimulatedDeviceOptions) {
    this.id = options.id;
    this.model = deviceModel(options.driver);
    this.profile = chosenProfile(this.model, options.profile);
    this.#settings = knownSettings(this.model, options.settings ?? {});
    this.clock = options.clock;
    this.#seed = options.seed ?? 1;
    this.random = Random.of(this.#seed, options.id);
    this.#rates = { ...DATASHEET_RATES, ...options.rates };
    if (options.report !== undefined) this.#reporters.push(options.report);
    this.wire = this.#createWire(options);
    this.firmware = this.#boot();
    this.field = new CardField(options.clock, {
      onCardIn: (uid) => {
        this.#report({ event: 'card', state: 'in' });
        if (this.wire.isPlugged) this.firmware.cardIn(uid);
      },
      onCardOut: () => {
        this.#report({ event: 'card', state: 'out' });
        if (this.wire.isPlugged) this.firmware.cardOut();
      },
    });
    const fingerEvents = {
      onCardIn: (finger: string) => {
        this.#report({ event: 'finger', state: 'in' });
        this.firmware.fingerIn?.(finger);
      },
      onCardOut: () => {
        this.#report({ event: 'finger', state: 'out' });
        this.firmware.fingerOut?.();
      },
    };
    this.fingers = new CardField<string>(options.clock, fingerEvents, NEXT_FINGER_GAP_MS);
  }

  /** Also hears what the device reports, from now on. */
  onReport(reporter: (event: DeviceEvent) => void): void {
    this.#reporters.push(reporter);
  }

  start(): void {
    this.wire.plug();
    this.#report({
      event: 'ready',
      link: this.wire.link.path,
      driver: this.model.id,
      profile: this.profile.id,
      baud: this.wire.baud,
    });
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancelLater) cancel();
    this.#cancelLater.clear();
    this.field.remove();
    this.fingers.remove();
    await this.wire.unplug();
  }

  /** Calls back after the delay unless the device is stopped before: what faults use to end themselves. */
  later(delayMs: number, callback: () => void): void {
    const cancel = this.clock.after(delayMs, () => {
      this.#cancelLater.delete(cancel);
      callback();
    });
    this.#cancelLater.add(cancel);
  }

  swipe(uid: string, fieldMs = SWIPE_MS): void {
    checkShownMs(fieldMs);
    this.field.swipe(this.#uidBytes(uid), fieldMs);
  }

  /** Lays a finger on the sensor for a while; the same name is the same finger on every sensor. */
  touch(finger: string, touchMs = SWIPE_MS): void {
    if (this.model.readsFingers !== true) {
      throw new RollcallError('REQUEST_INVALID', `This ${this.model.title} has no sensor for fingers.`);
    }
    if (!FINGER_NAME.test(finger)) {
      throw new RollcallError(
        'REQUEST_INVALID',
        'A finger is named by up to 48 letters, digits and hyphens, for example asha-right-thumb.',
      );
    }
    checkShownMs(touchMs);
    this.fingers.swipe(finger, touchMs);
  }

  hold(uid: string): void {
    this.field.hold(this.#uidBytes(uid));
  }

  plug(): void {
    if (this.wire.isPlugged) return;
    this.wire.plug();
    this.#report({ event: 'plugged', link: this.wire.link.path });
  }

  async unplug(): Promise<void> {
    if (!this.wire.isPlugged) return;
    await this.wire.unplug();
    this.#report({ event: 'unplugged' });
  }

  /** Another device of its kind comes in its place after a while; the cable stays, and the host notices nothing of it. */
  exchange(offMs: number): void {
    this.firmware.powerOff();
    this.later(offMs, () => {
      this.#exchanges += 1;
      this.random = Random.of(this.#seed, `${this.id} ${this.#exchanges}`);
      this.wire.setBaud(this.profile.baud);
      this.firmware = this.#boot();
      if (this.wire.isPlugged) this.#powerChanged(true);
    });
  }

  reportFault(fault: string): void {
    this.#report({ event: 'fault', fault });
  }

  #createWire({ clock, baud, linkPath }: SimulatedDeviceOptions): Wire {
    const events: WireOptions = {
      onBytes: (bytes) => this.firmware.receive(bytes),
      onHost: (isOpen) => this.#hostChanged(isOpen),
      onSent: (frame) =>
        this.#report({ event: 'sent', hex: Buffer.from(frame).toString('hex').toUpperCase() }),
      onPower: (isOn) => this.#powerChanged(isOn),
    };
    if (this.model.openWire !== undefined) return this.model.openWire({ clock, link: linkPath, ...events });
    const options = { clock, linkPath, ...events };
    if (this.model.connection !== 'reports') {
      return new DeviceWire({ ...options, baud: baud ?? this.profile.baud });
    }
    return new ReportWire({
      ...options,
      onSetFeature: (report) => this.firmware.setFeature?.(report) ?? false,
      onGetFeature: (reportId) => this.firmware.getFeature?.(reportId),
    });
  }

  #boot(): Firmware {
    return this.model.boot({
      clock: this.clock,
      random: this.random,
      profile: this.profile.id,
      link: this.wire.link.path,
      rates: this.#rates,
      setBaud: (baud) => this.wire.setBaud(baud),
      baud: this.wire.baud,
      settings: this.#settings,
      send: (frame) => this.wire.sendFrame(frame),
      showLight: (color, ms) => {
        this.lights[color] += 1;
        this.#report({ event: 'light', color, ms });
      },
      beep: (count, ms) => {
        this.beeps += count;
        this.#report({ event: 'beep', count, ms });
      },
      refuse: (reason) => {
        this.refusals += 1;
        this.#report({ event: 'refused', reason });
      },
    });
  }

  #hostChanged(isOpen: boolean): void {
    this.#report({ event: 'host', open: isOpen });
    if (isOpen) this.firmware.hostOpened();
    else this.firmware.hostClosed?.();
  }

  #powerChanged(isOn: boolean): void {
    if (!isOn) {
      this.firmware.powerOff();
      return;
    }
    this.firmware.powerOn();
    if (this.field.present !== undefined) this.firmware.cardIn(this.field.present);
  }

  #uidBytes(uid: string): Uint8Array {
    if (this.model.readsUsers === true) return userBytes(uid);
    const lengths = this.model.uidBytes;
    if (lengths.length === 0) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `This ${this.model.title} reads no cards; write: finger <name>`,
      );
    }
    if (!/^[0-9A-Fa-f]+$/.test(uid) || !lengths.includes(uid.length / 2)) {
      const digits = lengths.map((length) => length * 2).join(' or ');
      throw new RollcallError(
        'REQUEST_INVALID',
        `This ${this.model.title} reads cards of ${digits} hex digits, without prefix or separators.`,
      );
    }
    return Buffer.from(uid, 'hex');
  }

  #report(event: DeviceEvent): void {
    for (const reporter of this.#reporters) reporter(event);
  }
}

/** Who is verified at a terminal: the user id, and after a colon how (1 finger, 4 card, 15 face). */
function userBytes(text: string): Uint8Array {
  if (/^[\x21-\x39\x3b-\x7e]{1,24}(?::\d{1,3})?$/.test(text)) return Buffer.from(text, 'latin1');
  throw new RollcallError(
    'REQUEST_INVALID',
    'A terminal knows people by a user id of 1 to 24 characters, such as 1001, or 1001:15 for a face.',
  );
}

function checkShownMs(ms: number): void {
  if (Number.isInteger(ms) && ms >= 1 && ms <= SWIPE_MS_MAX) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    `A card or a finger stays for a whole number of milliseconds from 1 to ${SWIPE_MS_MAX}.`,
  );
}

function knownSettings(
  model: DeviceModel,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const known = (model.settings ?? []).map((example) => example.split('=')[0] ?? '');
  const odd = Object.keys(settings).find((name) => !known.includes(name));
  if (odd === undefined) return settings;
  throw new RollcallError(
    'REQUEST_INVALID',
    `${model.id} has no setting "${odd}". There are: ${known.join(', ') || 'none'}.`,
  );
}

function chosenProfile(model: DeviceModel, id: string | undefined): DeviceProfile {
  if (id === undefined) return model.profiles[0];
  const profile = model.profiles.find((candidate) => candidate.id === id);
  if (profile !== undefined) return profile;
  const known = model.profiles.map((candidate) => candidate.id).join(', ');
  throw new RollcallError('REQUEST_INVALID', `${model.id} has no profile "${id}". There are: ${known}.`);
}
