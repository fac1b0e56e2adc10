import type { Firmware } from '@rollcall/firmware-sim/devices/device';
import { deviceModel } from '@rollcall/firmware-sim/devices/registry';
import { SWIPE_MS } from '@rollcall/firmware-sim/devices/simulated-device';
import type { FingerRates } from '@rollcall/firmware-sim/devices/simulated-finger';
import { Random } from '@rollcall/firmware-sim/random';
import { heardAt } from '@rollcall/firmware-sim/wire/bit-stretch';
import type { DriverDefinition, DriverEvent, DriverSession } from '@rollcall/gateway/drivers/driver';
import type { EnrollmentOptions, FingerSensor } from '@rollcall/gateway/drivers/finger/sensor';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import { ManualClock } from '@rollcall/protocol/manual-clock';

export const EXACT: FingerRates = { falseReject: 0, falseAccept: 0, poor: 0 };
const STEP_MS = 50;

export interface FingerBenchOptions {
  profile?: string;
  options?: Record<string, unknown>;
  rates?: Partial<FingerRates>;
  seed?: number;
  /** What every secret file holds. */
  secret?: string;
  /** Somebody only looks, as the doctor does. */
  isLookedAt?: true;
  /** Speed that the module was left at by somebody else. */
  moduleBaud?: number;
}

/** A driver and the simulated module it was not written against, on one line without a pty and without waiting. */
export class FingerBench {
  readonly clock = new ManualClock();
  readonly events: DriverEvent[] = [];
  readonly captured: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly lights: string[] = [];
  firmware: Firmware;
  session: DriverSession;
  /** Changes what the host hears of each frame. */
  distort: (frame: Uint8Array) => Uint8Array = (frame) => frame;
  readonly #driver: DriverDefinition<unknown>;
  readonly #options: unknown;
  readonly #random: Random;
  readonly #profile: string;
  readonly #rates: FingerRates;
  readonly #secret: string;
  #hostBaud: number;
  #moduleBaud: number;
  /** As {@link FingerBenchOptions.isLookedAt}, for the next connection. */
  isLookedAt: boolean;
  /** Why the driver ended its connection. */
  readonly gaveUp: string[] = [];
  #isConnected = true;
  #lineFreeMs = 0;

  constructor(driverId: string, over: FingerBenchOptions = {}) {
    const { profile, options = {}, rates = {}, seed = 1, secret = '', moduleBaud } = over;
    const model = deviceModel(driverId);
    const driver = findDriver(driverId);
    if (driver === undefined) throw new Error(driverId);
    const random = new Random(seed);
    this.#moduleBaud = moduleBaud ?? model.profiles[0].baud;
    this.#profile = profile ?? model.profiles[0].id;
    this.#hostBaud = serialBaud(driver);
    this.#driver = driver;
    this.#rates = { ...EXACT, ...rates };
    this.firmware = this.#boot(random);
    this.#random = random;
    this.isLookedAt = over.isLookedAt === true;
    this.#secret = secret;
    this.#options = driver.options.parse(options);
    this.session = this.#open();
  }

  /** Somebody plugs another module into the same adapter: its port stays open. */
  async exchange(seed: number, offMs = 1_500): Promise<void> {
    this.firmware.powerOff();
    await this.pass(offMs);
    this.#moduleBaud = deviceModel(this.#driver.id).profiles[0].baud;
    this.firmware = this.#boot(new Random(seed));
    this.firmware.powerOn();
  }

  #boot(random: Random): Firmware {
    return deviceModel(this.#driver.id).boot({
      clock: this.clock,
      random,
      profile: this.#profile,
      rates: this.#rates,
      link: '',
      baud: this.#moduleBaud,
      settings: {},
      send: (frame) => this.#deliver(frame),
      setBaud: (baud) => {
        this.#moduleBaud = baud;
      },
      showLight: (color) => this.lights.push(color),
      beep: () => undefined,
      refuse: () => undefined,
    });
  }

  #open(): DriverSession {
    return this.#driver.open({
      deviceId: 'bench',
      options: this.#options,
      clock: this.clock,
      isLookedAt: this.isLookedAt,
      write: async (bytes) => {
        if (!this.#isConnected) throw new Error('closed');
        this.firmware.receive(heardAt(bytes, { senderBaud: this.#hostBaud, receiverBaud: this.#moduleBaud }));
      },
      setBaud: async (baud) => {
        this.#hostBaud = baud;
      },
      features: {
        get: () => Promise.reject(new Error('a serial port')),
        set: () => Promise.reject(new Error('a serial port')),
      },
      randomBytes: (count) => this.#random.bytes(count),
      terminal: {
        keep: () => Promise.reject(new Error('no terminal')),
        recall: () => undefined,
        clockState: () => 'synced',
      },
      readSecret: () => this.#secret,
      takeTurn: async () => () => undefined,
      conceal: () => undefined,
      giveUp: ({ message }) => {
        this.gaveUp.push(message);
        this.session.close();
      },
      emit: (event) => this.events.push(event),
      capture: (_direction, bytes) => this.captured.push(Buffer.from(bytes).toString('hex')),
      count: (counter, by = 1) => {
        this.counts[counter] = (this.counts[counter] ?? 0) + by;
      },
    });
  }

  /** The host opens the port anew. */
  async reconnect(): Promise<void> {
    this.session.close();
    this.#hostBaud = serialBaud(this.#driver);
    this.session = this.#open();
    await this.settle(this.session.probe?.() ?? Promise.resolve());
  }

  /** Power, and the questions of the start. */
  async ready(): Promise<this> {
    this.firmware.powerOn();
    await this.pass(500);
    await this.settle(this.session.probe?.() ?? Promise.resolve());
    return this;
  }

  /** At which speed the module talks by now. */
  get moduleBaud(): number {
    return this.#moduleBaud;
  }

  get sensor(): FingerSensor {
    const { sensor } = this.session;
    if (sensor === undefined) throw new Error('the module is not ready');
    return sensor;
  }

  /** What was recognized, in the order of presentations: a slot, or why not. */
  get presentations(): (number | string)[] {
    return this.events.flatMap((event): (number | string)[] => {
      if (event.type === 'finger') return [event.slot];
      return event.type === 'finger_unknown' || event.type === 'finger_image' ? [event.type] : [];
    });
  }

  async pass(byMs: number): Promise<void> {
    for (let left = byMs; left > 0; left -= STEP_MS) {
      this.clock.advance(Math.min(left, STEP_MS));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Time passes until the promise has settled. */
  async settle<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await new Promise((resolve) => setImmediate(resolve));
    for (let passed = 0; !isOver && passed < limitMs; passed += STEP_MS) await this.pass(STEP_MS);
    if (!isOver) throw new Error(`not settled after ${limitMs} ms`);
    return promise;
  }

  async touch(finger: string, touchMs = SWIPE_MS): Promise<void> {
    this.firmware.fingerIn?.(finger);
    await this.pass(touchMs);
    this.firmware.fingerOut?.();
    await this.pass(SWIPE_MS);
  }

  /** Lays the finger down and lifts it as the driver says, until the enrollment has ended. */
  async enroll(slot: number, finger: string, more: Pick<EnrollmentOptions, 'onImage'> = {}): Promise<void> {
    const enrolling = this.sensor.enroll(slot, {
      ...more,
      onStep: ({ step }) => {
        if (step === 'place') this.firmware.fingerIn?.(finger);
        if (step === 'lift') this.firmware.fingerOut?.();
      },
    });
    await this.settle(enrolling).finally(() => this.firmware.fingerOut?.());
    await this.pass(SWIPE_MS);
  }

  disconnect(): void {
    this.#isConnected = false;
    this.session.close();
  }

  /** Frames follow each other as on a line of this speed: time passes between packets of one answer. */
  #deliver(frame: Uint8Array): void {
    const takesMs = (frame.length * 10_000) / this.#moduleBaud;
    const nowMs = this.clock.monoMs();
    this.#lineFreeMs = Math.max(nowMs, this.#lineFreeMs) + takesMs;
    const senderBaud = this.#moduleBaud;
    this.clock.after(this.#lineFreeMs - nowMs, () => {
      if (!this.#isConnected) return;
      const heard = heardAt(this.distort(frame), { senderBaud, receiverBaud: this.#hostBaud });
      this.session.onBytes(heard);
    });
  }
}

function serialBaud({ id, link }: DriverDefinition<unknown>): number {
  if ('baud' in link) return link.baud;
  throw new Error(`${id} is not on a serial line`);
}
