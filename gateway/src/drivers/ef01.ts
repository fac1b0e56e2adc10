import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { FeedbackSignal } from '../feedback/signal.js';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { identify } from './ef01/identity.js';
import { type AuraCommand, auraOf, IDLE } from './ef01/lights.js';
import { Ef01Link } from './ef01/link.js';
import { Ef01Module } from './ef01/module.js';
import { SameModule } from './ef01/same-module.js';
import { Ef01Sensor } from './ef01/sensor.js';
import { findSpeed } from './find-speed.js';
import { FingerWatch, type Recognition, type WatchedModule } from './finger/finger-watch.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** Speeds of the family, the likeliest first (EF01 note §6). */
const BAUDS = [57_600, 9_600, 115_200, 19_200, 38_400] as const;
/** GenImg every 100 to 200 ms (EF01 note §6). */
const POLL_MS = 150;
/** A module that was heard and falls silent counts as degraded, and is connected anew later. */
const SILENCE_LIMIT_MS = 12_000;
const HEX_32 = /^[0-9A-Fa-f]{8}$/;

const options = z.strictObject({
  baud: z
    .union(
      BAUDS.map((baud) => z.literal(baud)),
      `must be one of ${BAUDS.join(', ')}`,
    )
    .default(57_600)
    .meta({ description: 'Speed that is tried first; the others follow when the module is silent.' }),
  address: z
    .string()
    .regex(HEX_32, 'must be 8 hex digits')
    .default('FFFFFFFF')
    .meta({ description: 'Address of the module, where somebody has changed it.' }),
  password_file: z
    .string('must be a path')
    .regex(/^(?:\/[^\0]*)?$/, 'must be an absolute path, starting with "/"')
    .default('')
    .meta({
      description:
        'File with the password of the module (8 hex digits), where somebody has set one; empty: 00000000. It travels in the clear and stops only casual tampering.',
    }),
  match: z
    .enum(['sensor', 'gateway'], 'must be sensor or gateway')
    .default('sensor')
    .meta({ description: 'Where fingers are compared. `gateway` downloads every image: 4 to 8 s a finger.' }),
  enroll_captures: z
    .int('must be 2 to 6')
    .min(2, 'must be 2 to 6')
    .max(6, 'must be 2 to 6')
    .default(2)
    .meta({ description: 'Captures that make a template; modules with two buffers take exactly 2.' }),
  template_bytes: z
    .int('must be 256 to 8192')
    .min(256, 'must be 256 to 8192')
    .max(8192, 'must be 256 to 8192')
    .default(512)
    .meta({ description: 'Size of a template, for modules that do not tell it.' }),
  lights: z
    .enum(['auto', 'three_colors', 'none'], 'must be auto, three_colors or none')
    .default('auto')
    .meta({
      description: '`three_colors`: a first R503, whose ring has no green; blue stands for it.',
    }),
});
export type Ef01Options = z.infer<typeof options>;

class Ef01Session implements DriverSession, WatchedModule {
  readonly #context: DriverContext<Ef01Options>;
  readonly #link: Ef01Link;
  readonly #module: Ef01Module;
  readonly #watch: FingerWatch;
  #sensor: Ef01Sensor | undefined;
  #same: SameModule | undefined;
  #hasAura = false;

  constructor(context: DriverContext<Ef01Options>) {
    const { address } = context.options;
    this.#context = context;
    this.#link = new Ef01Link(context, Number.parseInt(address, 16));
    this.#module = new Ef01Module(this.#link);
    this.#watch = new FingerWatch({
      context,
      turns: this.#link.turns,
      module: this,
      pollMs: POLL_MS,
      slots: () => this.#sensor?.expected,
    });
  }

  get sensor(): Ef01Sensor | undefined {
    return this.#sensor;
  }

  onBytes(chunk: Uint8Array): void {
    this.#link.onBytes(chunk);
  }

  async probe(): Promise<void> {
    this.#module.password = this.#readPassword();
    await this.#findSpeed();
    await this.#open();
    this.#watch.start();
  }

  feedback(signal: FeedbackSignal): Promise<void> {
    return this.#link.turns.take(async () => {
      this.#link.closed.throwIfAborted();
      await this.#show(auraOf(signal, this.#context.options.lights !== 'three_colors'));
    });
  }

  close(): void {
    this.#watch.stop();
    this.#link.close();
  }

  look(): Promise<boolean> {
    return this.#module.capture();
  }

  async recognize(slots: readonly number[] | undefined): Promise<Recognition> {
    if (this.#context.options.match === 'gateway') {
      return { type: 'image', image: await this.#module.downloadImage() };
    }
    if ((await this.#module.extract()) === 'poor') return { type: 'poor' };
    if (slots === undefined) return this.#search(0, this.#sensor?.capacity ?? 0);
    for (const slot of slots) {
      const found = await this.#search(slot, 1);
      if (found.type === 'recognized') return found;
    }
    return { type: 'unknown' };
  }

  /** A module that lost its power wants the password again; what is late is waited for. */
  async settle(): Promise<void> {
    await this.#link.quiet();
    await this.#module.verifyPassword();
  }

  async check(): Promise<boolean> {
    return (await this.#same?.check()) ?? true;
  }

  /** @throws RollcallError `KEY_INVALID` */
  #readPassword(): number {
    const { password_file: file } = this.#context.options;
    if (file === '') return 0;
    const digits = this.#context.readSecret(file);
    if (HEX_32.test(digits)) return Number.parseInt(digits, 16);
    throw new RollcallError(
      'KEY_INVALID',
      `${file} does not hold the password of a fingerprint module; write its 8 hex digits and nothing else`,
    );
  }

  onLeft(): Promise<void> {
    return this.#show(IDLE);
  }

  async #search(start: number, count: number): Promise<Recognition> {
    const found = await this.#module.search(start, count);
    return found === undefined ? { type: 'unknown' } : { type: 'recognized', ...found };
  }

  /** @throws RollcallError `DEVICE_TIMEOUT` when no speed brings an answer, `DEVICE_REFUSED` for a wrong password. */
  #findSpeed(): Promise<number> {
    const { baud: first } = this.#context.options;
    return findSpeed({
      bauds: [first, ...BAUDS.filter((other) => other !== first)],
      setBaud: (baud) => this.#context.setBaud(baud),
      greet: () => this.#module.verifyPassword(),
      quiet: () => this.#link.quiet(),
      what: 'fingerprint module',
      advice: 'power, RX and TX, and the address',
    });
  }

  async #open(): Promise<void> {
    const { options: chosen, clock, emit, randomBytes, isLookedAt } = this.#context;
    const { capacity, systemId, baud } = await this.#module.readParameters();
    const product = await this.#module.readProduct();
    const identity = await identify(this.#module, isLookedAt === true ? undefined : randomBytes);
    this.#same = new SameModule(this.#module, identity);
    this.#hasAura = product !== undefined && chosen.lights !== 'none';
    await this.#show(IDLE);
    const sensor = product?.sensor.toLowerCase().replaceAll(/[^a-z0-9]/g, '') ?? '';
    const kind = sensor === '' ? systemId.toString(16).padStart(4, '0') : sensor;
    const templateBytes = product?.templateBytes ?? chosen.template_bytes;
    this.#sensor = new Ef01Sensor({
      clock,
      module: this.#module,
      identity,
      capacity,
      templateFormat: `ef01-${kind}-${templateBytes}`,
      captures: chosen.enroll_captures,
      matchedBy: chosen.match,
      reserve: () => this.#watch.reserve(),
    });
    const name = product?.model ?? 'fingerprint module';
    emit({ type: 'identity', text: `${name}, ${capacity} slots, ${baud} baud` });
  }

  async #show({ control, speed, color, count }: AuraCommand): Promise<void> {
    if (!this.#hasAura) return;
    this.#hasAura = await this.#module.light(control, speed, color, count);
  }
}

/**
 * Fingerprint modules of the EF01 protocol: R307, R503, AS608, ZFM-20, FPM10A, JM-101B (EF01 note; R503 user manual
 * V1.2, ZFM-20 tables as in pyfingerprint, Adafruit's library).
 */
export const driver = defineDriver({
  id: 'ef01',
  kind: 'finger',
  title: 'Fingerprint module (R307, R503, AS608, ZFM-20, FPM10A)',
  hasLights: true,
  link: { baud: 57_600, dtr: false, rts: false, readyWithinMs: 0 },
  usb: USB_BRIDGES,
  capturesItself: true,
  silenceLimitMs: SILENCE_LIMIT_MS,
  options,
  baudFrom: ({ baud }) => baud,
  open: (context) => new Ef01Session(context),
});
