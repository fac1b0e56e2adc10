import type { CardRead } from '@rollcall/protocol/credential';
import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { CappedLines } from './line/capped-lines.js';
import { cardKey, ShownCard } from './shown-card.js';
import { USB_BRIDGES } from './usb-bridges.js';
import { parseBridgeLine } from './wiegand/bridge-line.js';

const options = z.strictObject({
  baud: z
    .union(
      [z.literal(9600), z.literal(19200), z.literal(38400), z.literal(57600), z.literal(115200)],
      'must be one of 9600, 19200, 38400, 57600, 115200',
    )
    .default(9600)
    .meta({ description: 'Speed of the bridge.' }),
  plain: z.enum(['hex', 'decimal', 'off'], 'must be hex, decimal or off').default('hex').meta({
    description:
      'What digits without a bit count are. `hex`: the payload, 6 digits of 26 bits or 8 of 34. `decimal`: eight digits, facility and card.',
  }),
  uid_order: z
    .enum(['be', 'le'], 'must be be or le')
    .default('be')
    .meta({ description: '`le` where a 34-bit reader sends the UID of a card with its last byte first.' }),
  hold_off_ms: z
    .int('must be a whole number of milliseconds')
    .min(100, 'must be at least 100')
    .max(10_000, 'must be at most 10000')
    .default(500)
    .meta({
      description: 'A card that comes again within this time never left the reader, in milliseconds.',
    }),
});
type WiegandOptions = z.infer<typeof options>;

class WiegandSession implements DriverSession {
  readonly #context: DriverContext<WiegandOptions>;
  readonly #lines: CappedLines;
  readonly #shown: ShownCard;
  /** The line before was not understood, and its end may have been noise: what follows can be a mere tail. */
  #followsGarbage = false;

  constructor(context: DriverContext<WiegandOptions>) {
    this.#context = context;
    this.#shown = new ShownCard({
      clock: context.clock,
      holdOffMs: context.options.hold_off_ms,
      onGone: () => context.emit({ type: 'card_removed' }),
    });
    this.#lines = new CappedLines({
      onLine: (line, followsLineEnd) => this.#onLine(line, followsLineEnd),
      onDropped: (bytes, isLine) => {
        context.count('bytes_discarded', bytes);
        this.#captureHidden(bytes);
        if (!isLine) return;
        context.count('resyncs');
        this.#followsGarbage = true;
        this.#reject('too_long', 'too many bytes without a line end; check the speed of the bridge');
      },
    });
  }

  onBytes(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  close(): void {
    this.#lines.close();
    this.#shown.close();
  }

  #onLine(raw: string, followsLineEnd: boolean): void {
    const line = raw.trim();
    const mayBeTail = !followsLineEnd || this.#followsGarbage;
    if (line === '') {
      this.#capture(raw);
      // Noise seldom writes the CR LF of a real line end.
      if (raw.endsWith('\r')) this.#followsGarbage = false;
      return;
    }
    const result = parseBridgeLine(line, this.#context.options);
    this.#followsGarbage = result.type === 'rejected' && !raw.endsWith('\r');
    if (result.type === 'rejected') {
      this.#context.count('bytes_discarded', raw.length + 1);
      this.#captureHidden(raw.length + 1);
      this.#reject(result.reason, result.message);
      return;
    }
    if (result.type === 'keys') this.#captureHidden(raw.length + 1);
    else this.#capture(raw);
    if (mayBeTail && !(result.type === 'card' && result.isVerified)) {
      // Without a parity nothing can prove that it is whole.
      this.#context.count('bytes_discarded', raw.length + 1);
      return;
    }
    this.#context.count('frames_ok');
    if (result.type === 'keys') this.#context.emit({ type: 'keys', digits: result.digits });
    else this.#onCard(result.read, result.isVerified);
  }

  #onCard(read: CardRead, isVerified: boolean): void {
    if (!this.#shown.see(cardKey(read))) {
      this.#context.count('merged');
      return;
    }
    this.#context.emit({ type: 'card', read, ...(isVerified ? {} : { unverified: true }) });
  }

  #capture(raw: string): void {
    this.#context.capture('in', Buffer.from(`${raw}\n`, 'latin1'));
  }

  /** How much it was, and nothing of it: a line that nobody understands may be a key that somebody pressed. */
  #captureHidden(bytes: number): void {
    this.#context.capture('in', new Uint8Array(bytes));
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** Microcontrollers that listen to a Wiegand reader and print what it said, one line a frame (Wiegand note §4). */
export const driver = defineDriver({
  id: 'wiegand',
  kind: 'card',
  title: 'Wiegand readers and keypads behind a serial bridge',
  hasLights: false,
  capturesItself: true,
  link: { baud: 9600, dtr: true, rts: true, readyWithinMs: 0 },
  usb: USB_BRIDGES,
  options,
  baudFrom: ({ baud }) => baud,
  open: (context) => new WiegandSession(context),
});
