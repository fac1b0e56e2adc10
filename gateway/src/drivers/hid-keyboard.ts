import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { BOOT_REPORT_BYTES, BootKeys, type KeyPress } from './hid/boot-keys.js';
import { numberFormOptions, readNumber } from './hid/number-form.js';
import { characterOf, USAGE } from './hid/us-layout.js';
import { cardKey, ShownCard } from './shown-card.js';
import { Silence } from './silence.js';

/** Longest text of one read; no card number comes near (USB-HID note §1). */
const TEXT_LENGTH_MAX = 64;
/** Keys that come sooner after opening are the end of a number whose beginning nobody saw. */
const READY_WITHIN_MS = 100;
/** Printable, and no blank at the ends, which nobody would see in a configuration file. */
const MARK = /^[\x21-\x7e]{0,8}$/;

const mark = (description: string) =>
  z
    .string('must be text')
    .regex(MARK, 'must be at most 8 printable characters without blanks')
    .default('')
    .meta({ description });

const options = z.strictObject({
  ...numberFormOptions,
  prefix: mark('What the reader types before each number, such as `;`.'),
  suffix: mark('What it types behind the number, before Enter, such as `?`.'),
  end: z
    .enum(['enter', 'tab', 'idle'], 'must be enter, tab or idle')
    .default('enter')
    .meta({ description: 'The key that ends a number; `idle`: none, a pause does.' }),
  layout: z
    .literal(
      'us',
      'must be us: the keys are read without a keyboard layout; set the reader itself to a US keyboard (its manual has a card or a barcode for it)',
    )
    .default('us')
    .meta({ description: 'Keyboard layout that the reader types for. Only `us`: set the reader to it.' }),
  report_id: z
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(255, 'must be at most 255')
    .default(0)
    .meta({ description: 'Number of the keyboard reports where the reader numbers them (hidraw only).' }),
  key_gap_ms: z
    .int('must be a whole number of milliseconds')
    .min(20, 'must be at least 20')
    .max(1_000, 'must be at most 1000')
    .default(100)
    .meta({ description: 'Longest pause between two keys of one number, in milliseconds.' }),
  hold_off_ms: z
    .int('must be a whole number of milliseconds')
    .min(250, 'must be at least 250')
    .max(10_000, 'must be at most 10000')
    .default(500)
    .meta({ description: 'The same number within this time is the same presentation, in milliseconds.' }),
});
export type HidKeyboardOptions = z.infer<typeof options>;

class HidKeyboardSession implements DriverSession {
  readonly #context: DriverContext<HidKeyboardOptions>;
  readonly #keys = new BootKeys();
  readonly #gap: Silence;
  readonly #shown: ShownCard;
  readonly #openedMs: number;
  #text = '';
  /** Something in this number was lost or not understood: it is dropped to its end. */
  #isSpoiled = false;

  constructor(context: DriverContext<HidKeyboardOptions>) {
    this.#context = context;
    const { clock, options: chosen } = context;
    this.#gap = new Silence({ clock, limitMs: chosen.key_gap_ms, onSilent: () => this.#onPause() });
    this.#shown = new ShownCard({ clock, holdOffMs: chosen.hold_off_ms });
    this.#openedMs = clock.monoMs();
  }

  onBytes(report: Uint8Array): void {
    const body = this.#withoutNumber(report);
    const result = body === undefined ? undefined : this.#keys.push(body);
    if (result?.type !== 'pressed') {
      this.#context.count('bytes_discarded', report.length);
      this.#spoil(
        'garbage',
        `a report is no keyboard report of ${BOOT_REPORT_BYTES} bytes; read this one by its path under /dev/input/by-id/, or set report_id`,
      );
      this.#gap.restart();
      return;
    }
    // What is typed so early may have begun before we were here.
    const isEarly = this.#context.clock.monoMs() - this.#openedMs < READY_WITHIN_MS;
    if (isEarly && result.keys.length > 0) this.#isSpoiled = true;
    for (const key of result.keys) this.#onKey(key);
  }

  close(): void {
    this.#gap.cancel();
    this.#shown.close();
  }

  #withoutNumber(report: Uint8Array): Uint8Array | undefined {
    const { report_id: reportId } = this.#context.options;
    if (reportId === 0) return report;
    return report[0] === reportId ? report.subarray(1) : undefined;
  }

  #onKey({ usage, isShifted, isCommand }: KeyPress): void {
    if (usage === USAGE.capsLock || usage === USAGE.numLock) return;
    if (this.#isEnd(usage)) {
      this.#finish();
      return;
    }
    this.#gap.restart();
    if (this.#isSpoiled) return;
    const character = isCommand ? undefined : characterOf(usage, isShifted);
    if (character === undefined) {
      this.#spoil(
        'key',
        isCommand
          ? 'keys were pressed together with Ctrl, Alt or GUI; set the reader to "US keyboard, ASCII", and make sure that it is a reader'
          : 'a key was pressed that writes nothing; check that the reader ends numbers as the option end says',
      );
    } else if (this.#text.length >= TEXT_LENGTH_MAX) {
      this.#spoil('too_long', `more than ${TEXT_LENGTH_MAX} keys without an end; check the option end`);
    } else this.#text += character;
  }

  #isEnd(usage: number): boolean {
    const { end } = this.#context.options;
    if (end === 'enter') return usage === USAGE.enter || usage === USAGE.keypadEnter;
    return end === 'tab' && usage === USAGE.tab;
  }

  #onPause(): void {
    const isUnfinished = this.#text !== '' && this.#context.options.end !== 'idle';
    if (!isUnfinished) {
      this.#finish();
      return;
    }
    this.#context.count('bytes_discarded', this.#text.length);
    this.#text = '';
    this.#reject(
      'unfinished',
      'keys were typed and no end followed; check the option end, and that nobody types on this reader',
    );
  }

  #finish(): void {
    this.#gap.cancel();
    const text = this.#text;
    const isSpoiled = this.#isSpoiled;
    this.#text = '';
    this.#isSpoiled = false;
    if (isSpoiled || text === '') return;
    const { prefix, suffix, form, padded } = this.#context.options;
    if (!text.startsWith(prefix) || !text.endsWith(suffix) || text.length < prefix.length + suffix.length) {
      this.#reject('marks', 'a number comes without the prefix or suffix of the configuration; correct them');
      return;
    }
    const result = readNumber(text.slice(prefix.length, text.length - suffix.length), { form, padded });
    if (result.type === 'rejected') {
      this.#reject(result.reason, result.message);
      return;
    }
    this.#context.count('frames_ok');
    if (this.#shown.see(cardKey(result.read))) this.#context.emit({ type: 'card', read: result.read });
    else this.#context.count('merged');
  }

  #spoil(reason: string, message: string): void {
    if (!this.#isSpoiled) this.#context.count('resyncs');
    this.#isSpoiled = true;
    this.#text = '';
    this.#reject(reason, message);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** Readers that type the number as a keyboard would (USB-HID note §1). */
export const driver = defineDriver({
  id: 'hid-keyboard',
  kind: 'card',
  title: 'Keyboard-emulating USB readers',
  hasLights: false,
  link: {
    kind: 'hid',
    usagePage: 0x01,
    usage: 0x06,
    exclusive: true,
    fromEvents: true,
    readyWithinMs: READY_WITHIN_MS,
  },
  usb: [
    { vid: 0xffff, pid: 0x0035, score: 90 },
    { vid: 0x08ff, pid: 0x0009, score: 80 },
    { vid: 0x413d, pid: 0x2107, score: 80 },
    { vid: 0x09d8, pid: 0x0410, score: 90 },
    { vid: 0x05fe, pid: 0x1010, score: 70 },
    { vid: 0x04d9, pid: 0x1702, score: 60 },
  ],
  options,
  open: (context) => new HidKeyboardSession(context),
});
