import { cardRead } from '@rollcall/protocol/credential';
import { StxEtxFramer } from '@rollcall/protocol/framing/stx-etx';
import * as z from 'zod';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';

/** Adapters hand over what they kept from before the opening (RDM6300 note §6). */
const IGNORE_AFTER_OPEN_MS = 100;
/** Longest pause inside a frame; beyond it the rest belongs to another one (RDM6300 note §5). */
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
  readonly #framer = new StxEtxFramer({ maxBytes: FRAME_BYTES_MAX });
  #lastByteMs = 0;
  /** Seen once, not believed yet: one frame with a valid XOR can be noise (RDM6300 note §6). */
  #candidate: { digits: string; monoMs: number } | undefined;
  #present: { digits: string; cancelTimer: () => void } | undefined;

  constructor(context: DriverContext<Rdm6300Options>) {
    this.#context = context;
    this.#openedMs = context.clock.monoMs();
  }

  onBytes(chunk: Uint8Array): void {
    const nowMs = this.#context.clock.monoMs();
    if (nowMs - this.#openedMs < IGNORE_AFTER_OPEN_MS) {
      this.#context.count('bytes_discarded', chunk.length);
      return;
    }
    const isAfterGap = nowMs - this.#lastByteMs > INTER_BYTE_GAP_MS;
    this.#lastByteMs = nowMs;
    for (const event of [...(isAfterGap ? this.#framer.idle() : []), ...this.#framer.push(chunk)]) {
      if (event.type === 'frame') this.#onFrame(event.bytes, nowMs);
      else this.#onDiscarded(event.bytes);
    }
  }

  close(): void {
    this.#present?.cancelTimer();
    this.#present = undefined;
  }

  #onDiscarded(bytes: number): void {
    this.#context.count('bytes_discarded', bytes);
    this.#context.count('resyncs');
    this.#reject(
      'garbage',
      'bytes outside a frame; check the baud rate (9600), the wiring and that no getty uses the port',
    );
  }

  #onFrame(frame: Uint8Array, nowMs: number): void {
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
    this.#onGoodFrame(text.slice(0, 10), nowMs);
  }

  #onGoodFrame(digits: string, nowMs: number): void {
    if (this.#present?.digits === digits) {
      this.#candidate = undefined;
      this.#context.count('merged');
      this.#hold(digits);
      return;
    }
    const isConfirmed =
      this.#context.options.single_frame ||
      (this.#candidate?.digits === digits && nowMs - this.#candidate.monoMs <= CONFIRM_WINDOW_MS);
    if (!isConfirmed) {
      this.#candidate = { digits, monoMs: nowMs };
      return;
    }
    this.#candidate = undefined;
    this.#endPresentation();
    this.#hold(digits);
    this.#context.emit({ type: 'card', read: cardRead('em4100', Buffer.from(digits, 'hex')) });
  }

  /** The card is there now; it counts as gone when no frame came for the hold-off. */
  #hold(digits: string): void {
    this.#present?.cancelTimer();
    const cancelTimer = this.#context.clock.after(this.#context.options.hold_off_ms, () =>
      this.#endPresentation(),
    );
    this.#present = { digits, cancelTimer };
  }

  #endPresentation(): void {
    if (this.#present === undefined) return;
    this.#present.cancelTimer();
    this.#present = undefined;
    this.#context.emit({ type: 'card_removed' });
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
  options,
  open: (context) => new Rdm6300Session(context),
});
