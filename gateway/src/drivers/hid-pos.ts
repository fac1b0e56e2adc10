import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { numberFormOptions, readNumber } from './hid/number-form.js';
import { parsePosReport } from './hid/pos-report.js';
import { cardKey, ShownCard } from './shown-card.js';
import { Silence } from './silence.js';

/**
 * The parts of a long code follow each other at once. A report that comes sooner after opening can be such a part whose
 * beginning nobody saw. The parts have no numbers, so that a lost one would make another number of the rest: a code of
 * several parts is refused, since every card number fits in one.
 */
const PART_GAP_MS = 100;
/** Report 254 with the value 1 sends codes as reports (USB-HID note §2; WebHidBarcodeScanner does the same). */
const HONEYWELL_ENABLE = Uint8Array.of(0xfe, 0x01);

const options = z.strictObject({
  ...numberFormOptions,
  enable: z.enum(['none', 'honeywell'], 'must be none or honeywell').default('none').meta({
    description: '`honeywell`: Honeywell and Youjie scanners, which have to be told to send reports.',
  }),
  hold_off_ms: z
    .int('must be a whole number of milliseconds')
    .min(250, 'must be at least 250')
    .max(10_000, 'must be at most 10000')
    .default(1_000)
    .meta({
      description: 'The same number within this time is the same presentation, in milliseconds.',
    }),
});
export type HidPosOptions = z.infer<typeof options>;

class HidPosSession implements DriverSession {
  readonly #context: DriverContext<HidPosOptions>;
  readonly #shown: ShownCard;
  readonly #gap: Silence;
  readonly #openedMs: number;
  /** In the middle of a code of several reports: what follows is dropped to its end. */
  #isInside = false;

  constructor(context: DriverContext<HidPosOptions>) {
    this.#context = context;
    const { clock } = context;
    this.#shown = new ShownCard({ clock, holdOffMs: context.options.hold_off_ms });
    this.#gap = new Silence({
      clock,
      limitMs: PART_GAP_MS,
      onSilent: () => {
        this.#isInside = false;
      },
    });
    this.#openedMs = clock.monoMs();
  }

  onBytes(report: Uint8Array): void {
    const part = parsePosReport(report);
    if (part === undefined) {
      this.#context.count('bytes_discarded', report.length);
      this.#context.count('resyncs');
      this.#reject(
        'garbage',
        'a report is no scanned code; switch the scanner to HID-POS with the barcode in its manual',
      );
      return;
    }
    const isEarly = this.#context.clock.monoMs() - this.#openedMs < PART_GAP_MS;
    const isPart = part.isContinued || this.#isInside || isEarly;
    if (part.isContinued) this.#gap.restart();
    else this.#gap.cancel();
    this.#isInside = part.isContinued;
    if (!isPart) this.#onNumber(part.text.replace(/[\r\n]+$/, ''));
    else {
      this.#context.count('bytes_discarded', report.length);
      this.#reject('too_long', 'a code came in several reports; no card number is that long');
    }
  }

  async probe(): Promise<void> {
    const { options: chosen, features, isLookedAt } = this.#context;
    if (chosen.enable === 'honeywell' && isLookedAt !== true) await features.set(HONEYWELL_ENABLE);
  }

  close(): void {
    this.#gap.cancel();
    this.#shown.close();
  }

  #onNumber(text: string): void {
    const result = readNumber(text, this.#context.options);
    if (result.type === 'rejected') {
      this.#reject(result.reason, result.message);
      return;
    }
    this.#context.count('frames_ok');
    if (this.#shown.see(cardKey(result.read))) this.#context.emit({ type: 'card', read: result.read });
    else this.#context.count('merged');
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** Barcode and QR scanners in HID-POS mode (HID point of sale usage tables; USB-HID note §2). */
export const driver = defineDriver({
  id: 'hid-pos',
  kind: 'card',
  title: 'HID-POS barcode and QR scanners',
  hasLights: false,
  link: { kind: 'hid', usagePage: 0x8c, usage: 0x02, exclusive: false, readyWithinMs: PART_GAP_MS },
  usb: [
    { vid: 0x0c2e, score: 80 },
    { vid: 0x23d0, score: 80 },
    { vid: 0x05e0, score: 80 },
    { vid: 0x05f9, score: 80 },
  ],
  options,
  open: (context) => new HidPosSession(context),
});
