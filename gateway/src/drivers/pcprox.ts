import { type Clock, delay } from '@rollcall/protocol/clock';
import { PROJECTIONS } from '@rollcall/protocol/credential-hash';
import { hasCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { FEEDBACK_PATTERNS, type FeedbackSignal } from '../feedback/signal.js';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { type CardContent, cardFromBits } from './pcprox/card-bits.js';
import { type CardBits, PcproxReader } from './pcprox/reader.js';

/** Five questions a second (pcProx note §3: 4 to 10). */
const POLL_MS = 200;
/** Polls without the card until it counts as gone: one question can come in the middle of a read. */
const ABSENT_POLLS = 2;
/** Polls from one sign of life to the next. */
const ALIVE_POLLS = 10;
const SILENCE_LIMIT_MS = 6_000;

/** Page 0: parity bits to take off, and flags that change what is read. */
const PARITY_AT = 2;
const FLAGS_AT = 7;
const ONE_BIT_EACH = 0x11;
/** bFrcBitCntEx and bStripFac: read every card, and all of it. */
const LIMITING_FLAGS = 0x06;
const HALT_KEYS = 0x80;
/** Page 2: lights, and flags that turn bits around. */
const LIGHTS_AT = 0;
const OPTIONS_AT = 1;
const LIGHT_BITS = { green: 0x02, red: 0x01 } as const;
const LIGHT_MASK = 0x03;
const HOST_HAS_LIGHTS = 0x02;
const TURNING_FLAGS = 0xe8;

const options = z.strictObject({
  card: z.enum(['wiegand', 'em4100', 'uid'], 'must be wiegand, em4100 or uid').default('wiegand').meta({
    description:
      'What the bits of the cards are: `wiegand` (26, 34, 35 or 37 bits), `em4100` (40 bits), `uid` (ISO 14443 A).',
  }),
  order: z.enum(['be', 'le'], 'must be be or le').default('be').meta({
    description: 'Of a `uid`: `be` as the card sends it, `le` for a reader that shows it reversed.',
  }),
});
export type PcproxOptions = z.infer<typeof options>;

class PcproxSession implements DriverSession {
  readonly #context: DriverContext<PcproxOptions>;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #reader: PcproxReader;
  #lightsPage: Uint8Array | undefined;
  #cancelLight: (() => void) | undefined;
  #present: string | undefined;
  #missed = 0;

  constructor(context: DriverContext<PcproxOptions>) {
    this.#context = context;
    this.#clock = context.clock;
    this.#reader = new PcproxReader({ ...context, signal: this.#stopped.signal });
  }

  /** Keys that it types until it is told not to; they are grabbed, and nobody needs them. */
  onBytes(report: Uint8Array): void {
    this.#context.count('bytes_discarded', report.length);
  }

  async probe(): Promise<void> {
    const version = await this.#reader.version();
    if (version === undefined) {
      throw new RollcallError(
        'DEVICE_TIMEOUT',
        'The reader does not answer as a pcProx; a keystroke-only model is read with driver hid-keyboard',
      );
    }
    this.#context.emit({ type: 'identity', text: `pcProx ${version}` });
    // It may type for another program, which would get nothing more until it is plugged in again.
    if (this.#context.isLookedAt === true) return;
    await this.#takeOver();
    void this.#poll();
  }

  async feedback(signal: FeedbackSignal): Promise<void> {
    const { color, lightMs } = FEEDBACK_PATTERNS[signal];
    this.#cancelLight?.();
    await this.#showLights(LIGHT_BITS[color]);
    this.#stopped.signal.throwIfAborted();
    this.#cancelLight = this.#clock.after(lightMs, () => {
      // A light that stays on is put out by the next one.
      this.#showLights(0).catch(() => undefined);
    });
  }

  close(): void {
    this.#stopped.abort(new RollcallError('PORT_CLOSED', 'The connection to the pcProx was closed'));
    this.#cancelLight?.();
    this.#present = undefined;
  }

  /** No keystrokes, whole cards, lights in our hands: in its memory only, so that a replug undoes it. */
  async #takeOver(): Promise<void> {
    const format = Uint8Array.from(await this.#reader.page(0));
    if (format.every((byte) => byte === 0)) {
      // Page 0 has the key that ends a number and how long one is: zeros are no answer, and to write them back is a guess.
      throw new RollcallError(
        'DEVICE_TIMEOUT',
        'The pcProx did not give its configuration; unplug it and plug it in again',
      );
    }
    format[PARITY_AT] = this.#context.options.card === 'wiegand' ? ONE_BIT_EACH : 0;
    format[FLAGS_AT] = ((format[FLAGS_AT] ?? 0) & ~LIMITING_FLAGS) | HALT_KEYS;
    const lights = Uint8Array.from(await this.#reader.page(2));
    lights[LIGHTS_AT] = (lights[LIGHTS_AT] ?? 0) & ~LIGHT_MASK;
    lights[OPTIONS_AT] = ((lights[OPTIONS_AT] ?? 0) & ~TURNING_FLAGS) | HOST_HAS_LIGHTS;
    await this.#reader.configure([
      [0, format],
      [2, lights],
    ]);
    this.#lightsPage = lights;
  }

  async #showLights(bits: number): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    if (this.#lightsPage === undefined) {
      throw new RollcallError('PORT_CLOSED', 'The pcProx is not ready, no light was shown');
    }
    const page = Uint8Array.from(this.#lightsPage);
    page[LIGHTS_AT] = (page[LIGHTS_AT] ?? 0) | bits;
    await this.#reader.configure([[2, page]]);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopped;
    for (let polls = 1; !signal.aborted; polls++) {
      try {
        await delay(this.#clock, POLL_MS, signal);
        this.#onAnswer(await this.#reader.card());
        if (polls % ALIVE_POLLS === 0 && !signal.aborted) this.#context.emit({ type: 'alive' });
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }

  #onFailure(error: unknown): void {
    if (this.#stopped.signal.aborted || hasCode(error, 'PORT_CLOSED') || hasCode(error, 'PORT_LOST')) return;
    if (!isRollcallError(error)) {
      this.#context.giveUp(
        new RollcallError('INTERNAL', 'Driver pcprox failed while it asked its reader', { cause: error }),
      );
      return;
    }
    this.#context.count('timeouts');
    this.#context.emit({ type: 'rejected', reason: 'answer', message: error.message });
  }

  #onAnswer(card: CardBits | undefined): void {
    if (this.#stopped.signal.aborted) return;
    if (card === undefined) {
      this.#missed += 1;
      if (this.#present === undefined || this.#missed < ABSENT_POLLS) return;
      this.#present = undefined;
      this.#context.emit({ type: 'card_removed' });
      return;
    }
    this.#missed = 0;
    const { card: content, order } = this.#context.options;
    this.#onCard(card, { content, order });
  }

  #onCard({ data, bits }: CardBits, how: { content: CardContent; order: 'be' | 'le' }): void {
    const result = cardFromBits(data, bits, how);
    const key =
      result.type === 'read'
        ? PROJECTIONS.map((projection) => result.read.values[projection] ?? '').join(' ')
        : result.reason;
    if (key === this.#present) {
      this.#context.count('merged');
      return;
    }
    this.#present = key;
    if (result.type === 'rejected') {
      this.#context.emit({ type: 'rejected', reason: result.reason, message: result.message });
      return;
    }
    this.#context.count('frames_ok');
    this.#context.emit({ type: 'card', read: result.read });
  }
}

/** rf IDEAS pcProx, read without keystrokes (USB-HID note §3; micolous/pcprox, tried there on firmware 7.3). */
export const driver = defineDriver({
  id: 'pcprox',
  kind: 'card',
  title: 'rf IDEAS pcProx readers',
  hasLights: true,
  link: { kind: 'hid', usagePage: 0x01, usage: 0x06, exclusive: true, readyWithinMs: 0 },
  silenceLimitMs: SILENCE_LIMIT_MS,
  usb: [{ vid: 0x0c27, pid: 0x3bfa, score: 100 }],
  options,
  open: (context) => new PcproxSession(context),
});
