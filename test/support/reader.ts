import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { fasterClock } from './faster-clock.js';
import { until, within } from './until.js';

/** Nobody waits longer for a light; long enough that a slow machine does not make people tap twice. */
const SHOW_AGAIN_MS = 10_000;

/** What an EF01 module answers while nobody is there; the gateway believes the third in a row. */
const NO_FINGER = 'EF01FFFFFFFF07000302000C';
const LOOKS_WITHOUT_FINGER = 4;
/** A sensor that never errs: what is tested is not its luck. */
const EXACT = { falseReject: 0, falseAccept: 0, poor: 0 };

/** `dark`: the gateway died before it showed anything. */
export type Light = 'green' | 'red' | 'dark';

export interface Tap {
  readerId: string;
  driver: string;
  uid: string;
  light: Light;
}

export interface ReaderOptions {
  id: string;
  driver: string;
  linkPath: string;
  profile?: string;
  baud?: number;
  /** How many times faster than a real one it sends and works; one that sends pictures takes seconds for each. */
  speed?: number;
  /** The reader whose lights answer for this one, which has none. */
  lightsOf?: Reader;
}

/** A simulated reader on a pty, and everything that people at it saw, counted from the bytes on the wire. */
export class Reader {
  readonly id: string;
  readonly driver: string;
  readonly device: SimulatedDevice;
  readonly lights: SimulatedDevice;
  readonly taps: Tap[] = [];
  /** How often a card was shown by `tap`; more than taps where somebody had to show it again. */
  presentations = 0;
  readonly #waiters = new Set<() => void>();

  constructor({ id, driver, linkPath, profile, baud, speed = 1, lightsOf }: ReaderOptions) {
    this.id = id;
    this.driver = driver;
    this.device = new SimulatedDevice({
      id,
      driver,
      linkPath,
      clock: fasterClock(speed),
      rates: EXACT,
      ...(profile === undefined ? {} : { profile }),
      ...(baud === undefined ? {} : { baud }),
    });
    this.lights = lightsOf?.device ?? this.device;
    this.lights.onReport((event) => {
      if (event.event !== 'light' || (event.color !== 'green' && event.color !== 'red')) return;
      for (const waiter of this.#waiters) waiter();
    });
  }

  /**
   * Shows a card until a light answers, as a student does: whoever sees nothing takes the card away and shows
   * it again. `died` ends the wait when nobody can answer any more.
   */
  async tap(uid: string, died?: Promise<unknown>): Promise<Light> {
    const show = (): void => {
      this.presentations += 1;
      this.device.hold(uid);
    };
    const light = await this.lightAfter(() => {
      show();
      const again = setInterval(show, SHOW_AGAIN_MS);
      return () => clearInterval(again);
    }, died);
    this.device.field.remove();
    this.taps.push({ readerId: this.id, driver: this.driver, uid, light });
    return light;
  }

  /** Lays a finger on the scanner until a light answers; resolves when the gateway has seen it leave. */
  async touch(finger: string): Promise<Light> {
    const { fingers } = this.device;
    const light = await this.lightAfter(() => {
      fingers.hold(finger);
      return () => fingers.remove();
    });
    await this.idle();
    return light;
  }

  /** Resolves when the gateway has seen for long enough that nobody is at the scanner. */
  async idle(): Promise<void> {
    let looks = 0;
    this.device.onReport((event) => {
      if (event.event === 'sent' && event.hex === NO_FINGER) looks += 1;
    });
    await until(`the finger has left ${this.id}`, () => looks >= LOOKS_WITHOUT_FINGER);
  }

  /** Does something to the reader and waits for the light that follows; `act` returns how to end it. */
  async lightAfter(act: () => () => void, died?: Promise<unknown>): Promise<Light> {
    const { lights } = this.lights;
    const before = { ...lights };
    let waiter = (): void => undefined;
    const lit = new Promise<void>((resolve) => {
      waiter = resolve;
    });
    this.#waiters.add(waiter);
    const end = act();
    const answers = died === undefined ? [lit] : [lit, died.then(() => this.#hungUp())];
    await within(`a light at ${this.id}`, Promise.race(answers)).finally(() => {
      end();
      this.#waiters.delete(waiter);
    });
    if (lights.green > before.green) return 'green';
    return lights.red > before.red ? 'red' : 'dark';
  }

  /** The last bytes of a dead gateway may still be in the pty: they are read before the hang-up is seen. */
  async #hungUp(): Promise<void> {
    const { wire } = this.lights;
    await until(`the hang-up at ${this.lights.id}`, () => !wire.isPlugged || !wire.isHostOpen);
    // The reader of the pty delivers in the next turn of the loop what it had already taken.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
