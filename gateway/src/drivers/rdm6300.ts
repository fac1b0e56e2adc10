import { cardRead } from '@rollcall/protocol/credential';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import { StxEtxFramer } from '@rollcall/protocol/framing/stx-etx';
import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { ShownCard } from './shown-card.js';
import { Silence } from './silence.js';
import { TimedFramer } from './timed-framer.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** Adapters hand over what they kept from before the opening (RDM6300 note §6). */
const IGNORE_AFTER_OPEN_MS = 100;
/** Longest pause inside a frame; after it the frame is over (RDM6300 note §5). */
const INTER_BYTE_GAP_MS = 20;
/** Two frames of one presentation are less than 220 ms apart (RDM6300 note §1); one lost frame is forgiven. */
const CONFIRM_WINDOW_MS = 500;
/** Between STX and ETX: 10 digits, 2 checksum digits, and CR LF of the ID-12LA (RDM6300 note §2). */
const FRAME_BYTES_MAX = 14;
const DIGITS = /^[0-9A-Fa-f]{12}$/;

const options = z.strictObject({
  hold_off_ms: z
    .int('must be a whole number of milliseconds')
    .min(250, 'must be at least 250, since the reader repeats a card that often')
    .max(10_000, 'must be at most 10000')
    .default(500)
    .meta({
      description: 'How long a card has to be away before it counts as shown again, in milliseconds.',
    }),
  single_frame: z
    .boolean('must be true or false')
    .default(false)
    .meta({ description: '`true` for ID-2LA, ID-12LA and ID-20LA, which send one frame a card.' }),
});
export type Rdm6300Options = z.infer<typeof options>;

class Rdm6300Session implements DriverSession {
  readonly #context: DriverContext<Rdm6300Options>;
  readonly #openedMs: number;
  readonly #frames: TimedFramer;
  readonly #confirmWindow: Silence;
  readonly #shown: ShownCard;
  /** Seen once, not believed yet: one frame with a valid XOR can be noise (RDM6300 note §6). */
  #candidate: string | undefined;

  constructor(context: DriverContext<Rdm6300Options>) {
    this.#context = context;
    const { clock, options } = context;
    this.#openedMs = clock.monoMs();
    this.#frames = new TimedFramer({
      clock,
      // Some clones leave out the end byte: silence ends their frames (RDM6300 note §6).
      framer: new StxEtxFramer({ maxBytes: FRAME_BYTES_MAX, endsOnIdle: true }),
      pauseMs: INTER_BYTE_GAP_MS,
      take: (events) => this.#take(events),
    });
    this.#confirmWindow = new Silence({
      clock,
      limitMs: CONFIRM_WINDOW_MS,
      onSilent: () => {
        this.#candidate = undefined;
      },
    });
    this.#shown = new ShownCard({
      clock,
      holdOffMs: options.hold_off_ms,
      onGone: () => context.emit({ type: 'card_removed' }),
    });
  }

  onBytes(chunk: Uint8Array): void {
    const nowMs = this.#context.clock.monoMs();
    if (nowMs - this.#openedMs < IGNORE_AFTER_OPEN_MS) {
      this.#context.count('bytes_discarded', chunk.length);
      return;
    }
    this.#frames.push(chunk);
  }

  close(): void {
    this.#frames.close();
    this.#confirmWindow.cancel();
    this.#shown.close();
  }

  #take(events: readonly FramingEvent[]): void {
    for (const event of events) {
      if (event.type === 'frame') this.#onFrame(event.bytes);
      else this.#onDiscarded(event.bytes);
    }
  }

  #onDiscarded(bytes: number): void {
    this.#context.count('bytes_discarded', bytes);
    this.#context.count('resyncs');
    this.#reject(
      'garbage',
      'bytes outside a frame; check the baud rate (9600), the wiring and that no getty uses the port',
    );
  }

  #onFrame(frame: Uint8Array): void {
    const text = Buffer.from(frame)
      .toString('latin1')
      .replace(/[\r\n]/g, '')
      .toUpperCase();
    if (!DIGITS.test(text)) {
      this.#onDiscarded(frame.length);
      return;
    }
    const bytes = Buffer.from(text, 'hex');
    if (bytes.reduce((xor, byte) => xor ^ byte, 0) !== 0) {
      this.#context.count('frames_bad_checksum');
      this.#reject(
        'checksum',
        'a frame failed its checksum; check the wiring and keep the coil away from power supplies',
      );
      return;
    }
    const uid = bytes.subarray(0, 5);
    if (uid.every((byte) => byte === 0) || uid.every((byte) => byte === 0xff)) {
      this.#reject('blank', 'a frame of only zeros or ones; check the antenna coil and its plug');
      return;
    }
    this.#context.count('frames_ok');
    this.#onGoodFrame(text.slice(0, 10));
  }

  #onGoodFrame(digits: string): void {
    if (this.#shown.present === digits) {
      this.#forgetCandidate();
      this.#context.count('merged');
      this.#shown.see(digits);
      return;
    }
    if (!this.#context.options.single_frame && this.#candidate !== digits) {
      this.#candidate = digits;
      this.#confirmWindow.restart();
      return;
    }
    this.#forgetCandidate();
    this.#shown.see(digits);
    this.#context.emit({ type: 'card', read: cardRead('em4100', Buffer.from(digits, 'hex')) });
  }

  #forgetCandidate(): void {
    this.#candidate = undefined;
    this.#confirmWindow.cancel();
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** 125 kHz readers that write STX, hex digits, XOR and ETX: RDM6300, RDM630 and the ID-12LA family. */
export const driver = defineDriver({
  id: 'rdm6300',
  kind: 'card',
  title: 'RDM6300 and ID-12LA 125 kHz readers (UART)',
  hasLights: false,
  link: { baud: 9600, dtr: false, rts: false, readyWithinMs: IGNORE_AFTER_OPEN_MS },
  usb: USB_BRIDGES,
  options,
  open: (context) => new Rdm6300Session(context),
});
