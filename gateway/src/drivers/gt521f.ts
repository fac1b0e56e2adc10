import { hasCode } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { findSpeed } from './find-speed.js';
import { FingerWatch, type Recognition, type WatchedModule } from './finger/finger-watch.js';
import { Gt521fLink } from './gt521f/link.js';
import { Gt521fModule } from './gt521f/module.js';
import { Gt521fSensor } from './gt521f/sensor.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** 9600 after every power-up; the others where a session before this one has changed it (GT-521F note §A1). */
const BAUDS = [9_600, 115_200, 57_600, 38_400, 19_200] as const;
const POLL_MS = 200;
const SILENCE_LIMIT_MS = 12_000;

/** Template and image sizes, which the modules do not tell (GT-521F note §A3). */
const MODELS = {
  gt521f52: { templateBytes: 498, width: 258, height: 202 },
  gt521f32: { templateBytes: 498, width: 258, height: 202 },
  gt511c3: { templateBytes: 498, width: 258, height: 202 },
  gt511c5: { templateBytes: 498, width: 258, height: 202 },
  gt511c1r: { templateBytes: 506, width: 240, height: 216 },
} as const;

const options = z.strictObject({
  model: z
    .enum(Object.keys(MODELS) as (keyof typeof MODELS)[], `must be one of ${Object.keys(MODELS).join(', ')}`)
    .default('gt521f52')
    .meta({ description: 'What is printed on the module; it decides the size of templates and images.' }),
  speed: z
    .union(
      BAUDS.map((baud) => z.literal(baud)),
      `must be one of ${BAUDS.join(', ')}`,
    )
    .default(115_200)
    .meta({ description: 'Speed that is agreed on after opening; 9600 where longer cables need it.' }),
  match: z
    .enum(['sensor', 'gateway'], 'must be sensor or gateway')
    .default('sensor')
    .meta({ description: 'Where fingers are compared. `gateway` downloads every image: 6 s a finger.' }),
});
export type Gt521fOptions = z.infer<typeof options>;

class Gt521fSession implements DriverSession, WatchedModule {
  readonly #context: DriverContext<Gt521fOptions>;
  readonly #link: Gt521fLink;
  readonly #module: Gt521fModule;
  readonly #watch: FingerWatch;
  #sensor: Gt521fSensor | undefined;
  /** Which module the connection began with. */
  #began: string | undefined;
  /** It was opened just now, and has said who it is. */
  #isFresh = false;

  constructor(context: DriverContext<Gt521fOptions>) {
    this.#context = context;
    this.#link = new Gt521fLink(context);
    this.#module = new Gt521fModule(this.#link, MODELS[context.options.model]);
    this.#watch = new FingerWatch({
      context,
      turns: this.#link.turns,
      module: this,
      pollMs: POLL_MS,
      slots: () => this.#sensor?.expected,
    });
  }

  get sensor(): Gt521fSensor | undefined {
    return this.#sensor;
  }

  onBytes(chunk: Uint8Array): void {
    this.#link.onBytes(chunk);
  }

  async probe(): Promise<void> {
    await this.#agree();
    const capacity = await this.#module.findCapacity();
    const { model } = this.#context.options;
    this.#sensor = new Gt521fSensor({
      clock: this.#context.clock,
      module: this.#module,
      templateFormat: `${model}-${this.#module.model.templateBytes}`,
      matchedBy: this.#context.options.match,
      reserve: () => this.#watch.reserve(),
    });
    this.#began = this.#kind;
    const text = `${model}, ${capacity} slots, firmware ${this.#module.firmware}`;
    this.#context.emit({ type: 'identity', text });
    this.#watch.start();
  }

  close(): void {
    this.#watch.stop();
    this.#link.close();
  }

  /** The light goes out again where nobody is: it heats the sensor, and a warm one sees badly (GT-521F note §A5). */
  async look(): Promise<boolean> {
    await this.#module.light(true);
    const isPressed = await this.#module.isPressed();
    if (!isPressed) await this.#module.light(false);
    return isPressed;
  }

  async recognize(slots: readonly number[] | undefined): Promise<Recognition> {
    if ((await this.#module.capture(false)) !== 'ok') return { type: 'poor' };
    if (this.#context.options.match === 'gateway') {
      return { type: 'image', image: await this.#module.downloadImage() };
    }
    if (slots === undefined) {
      const slot = await this.#module.identify();
      if (slot === 'poor') return { type: 'poor' };
      return slot === undefined ? { type: 'unknown' } : { type: 'recognized', slot };
    }
    for (const slot of slots) if (await this.#module.verify(slot)) return { type: 'recognized', slot };
    return { type: 'unknown' };
  }

  /** A module that lost its power is back at 9600 baud. */
  async settle(): Promise<void> {
    await this.#link.quiet();
    await this.#agree();
    this.#isFresh = true;
  }

  /** By serial number and firmware, which it tells at each opening, and how many fingers it has. */
  async check(): Promise<boolean> {
    if (!this.#isFresh) await this.#module.open();
    this.#isFresh = false;
    const { slots } = this.#module;
    if (this.#kind !== this.#began) return false;
    return !slots.areKnown || slots.areAs(await this.#module.enrolledCount());
  }

  get #kind(): string {
    const { serial = 'none', firmware } = this.#module;
    return `${serial} ${firmware}`;
  }

  async #agree(): Promise<void> {
    const found = await this.#findSpeed();
    const { options: chosen, isLookedAt } = this.#context;
    const { speed } = chosen;
    if (found === speed || isLookedAt === true) return;
    await this.#module.changeBaud(speed);
    await this.#context.setBaud(speed);
    await this.#link.quiet();
    try {
      await this.#module.open();
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
      // It stays where it was.
      await this.#context.setBaud(found);
      await this.#link.quiet();
      await this.#module.open();
    }
  }

  #findSpeed(): Promise<number> {
    return findSpeed({
      bauds: BAUDS,
      setBaud: (baud) => this.#context.setBaud(baud),
      greet: () => this.#module.open(),
      quiet: () => this.#link.quiet(),
      what: 'fingerprint module',
      advice: 'power, RX and TX (3.3 V, not 5 V)',
    });
  }
}

/**
 * GT-521F and GT-511C fingerprint modules of ADH-Tech (GT-521F note; sparkfun Fingerprint_Scanner-TTL, pyGT511C3,
 * wire logs of their issues; GT-511C1R data sheet).
 */
export const driver = defineDriver({
  id: 'gt521f',
  kind: 'finger',
  title: 'Fingerprint module (GT-521F52, GT-521F32, GT-511C3, GT-511C1R)',
  hasLights: false,
  link: { baud: 9_600, dtr: false, rts: false, readyWithinMs: 0 },
  usb: USB_BRIDGES,
  capturesItself: true,
  silenceLimitMs: SILENCE_LIMIT_MS,
  options,
  open: (context) => new Gt521fSession(context),
});
