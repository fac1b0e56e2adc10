import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import type { Technology } from '@rollcall/protocol/credential-hash';
import { isRollcallError } from '@rollcall/protocol/errors';
import { upperHex } from '@rollcall/protocol/upper-hex';
import * as z from 'zod';
import { FEEDBACK_PATTERNS, type FeedbackPattern, type FeedbackSignal } from '../feedback/signal.js';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { CappedLines } from './line/capped-lines.js';
import { type FormOptions, parseForm } from './line/forms.js';
import { encodeCommand, type LineRecord, parseRecord } from './line/record.js';
import { ShownCard } from './shown-card.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** Sketches that do not halt the card repeat it about five times a second (line protocol note §5). */
const MERGE_MS = 1_000;
/** Heartbeats come every 10 s (line protocol note §4). */
const SILENCE_LIMIT_MS = 30_000;
/** A sketch prints text of its own; a line of control bytes is a wrong baud rate. */
const PRINTABLE = /^[\t\x20-\x7e]*$/;
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** UID lengths in bytes by technology; anything else is a sketch that drops or adds bytes. */
const UID_LENGTHS = {
  iso14443a: [4, 7, 10],
  iso14443b: [4],
  felica: [8],
  iso15693: [8],
  em4100: [5],
} as const satisfies Partial<Record<Technology, readonly number[]>>;

const options = z.strictObject({
  baud: z
    .union(
      [z.literal(9600), z.literal(19200), z.literal(38400), z.literal(57600), z.literal(115200)],
      'must be one of 9600, 19200, 38400, 57600, 115200',
    )
    .default(115200)
    .meta({ description: 'Speed, the same as in `Serial.begin` of the sketch.' }),
  order: z
    .enum(['be', 'le'], 'must be be or le')
    .default('be')
    .meta({ description: '`be`: bytes as the card sends them. `le`: the sketch prints them reversed.' }),
  technology: z
    .enum(
      Object.keys(UID_LENGTHS) as (keyof typeof UID_LENGTHS)[],
      `must be one of ${Object.keys(UID_LENGTHS).join(', ')}`,
    )
    .default('iso14443a')
    .meta({ description: 'What the reader reads; a line that names it itself wins.' }),
  digits: z
    .enum(['auto', 'hex', 'decimal'], 'must be auto, hex or decimal')
    .default('auto')
    .meta({ description: 'What digits mean that could be hex or decimal.' }),
  check_byte: z
    .enum(['last', 'first'], 'must be last or first')
    .default('last')
    .meta({ description: 'Where a decimal number of five bytes has its check byte.' }),
});
export type LineOptions = z.infer<typeof options>;

/** Numbers of the lights in `LED` (line protocol note §4). */
const LED_NUMBERS = { green: 1, red: 3 } as const;

/** Written out once: a person waits between the commit and the light. */
const LIGHT_COMMANDS = Object.fromEntries(
  Object.entries(FEEDBACK_PATTERNS).map(([signal, pattern]) => [
    signal,
    Buffer.from(lightCommands(pattern), 'latin1'),
  ]),
) as Readonly<Record<FeedbackSignal, Buffer>>;

function lightCommands({ color, lightMs, beeps, beepMs }: FeedbackPattern): string {
  const light = encodeCommand(`LED,${LED_NUMBERS[color]},${lightMs}`);
  return beeps === 0 ? light : light + encodeCommand(`BUZ,${beeps},${beepMs}`);
}

class LineSession implements DriverSession {
  readonly #context: DriverContext<LineOptions>;
  readonly #lines: CappedLines;
  /** Told as technology and UID. */
  readonly #shown: ShownCard;
  /** The last numbered read: the same number again is the same read, however late it is repeated. */
  #lastRead: { key: string; seq: number } | undefined;
  /** Likewise of the last finger that was refused. */
  #lastRefusal: number | undefined;
  #uptimeSeconds = 0;
  #hasSentDecimals = false;
  /** The line before was unreadable, and its end may have been noise too: what follows can be a mere tail. */
  #followsGarbage = false;

  constructor(context: DriverContext<LineOptions>) {
    this.#context = context;
    this.#shown = new ShownCard({
      clock: context.clock,
      holdOffMs: MERGE_MS,
      onGone: () => context.emit({ type: 'card_removed' }),
    });
    this.#lines = new CappedLines({
      onLine: (line, followsLineEnd) => this.#onLine(line, followsLineEnd),
      onDropped: (bytes, isLine) => {
        context.count('bytes_discarded', bytes);
        if (!isLine) return;
        context.count('resyncs');
        this.#reject(
          'too_long',
          'too many bytes without a line end; check the baud rate and that the sketch ends lines with \\n',
        );
      },
    });
  }

  onBytes(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  feedback(signal: FeedbackSignal): Promise<void> {
    return this.#context.write(LIGHT_COMMANDS[signal]);
  }

  close(): void {
    this.#lines.close();
    this.#shown.close();
  }

  #onLine(raw: string, followsLineEnd: boolean): void {
    const line = raw.replace(BYTE_ORDER_MARK, '').replaceAll('\0', '').trim();
    const mayBeTail = !followsLineEnd || this.#followsGarbage;
    const isGarbage = !PRINTABLE.test(line);
    // Noise seldom writes the CR LF of a real line end.
    this.#followsGarbage = isGarbage && !raw.endsWith('\r');
    if (line === '') return;
    const result = parseRecord(line);
    if (mayBeTail && !(result.type === 'record' && result.verified)) {
      // Without a check value nothing can prove that it is whole.
      this.#context.count('bytes_discarded', raw.length + 1);
      return;
    }
    switch (result.type) {
      case 'record':
        this.#context.count('frames_ok');
        this.#onRecord(result.record, result.verified);
        return;
      case 'bad_checksum':
        this.#context.count('frames_bad_checksum');
        this.#reject('checksum', 'a line failed its checksum; check the wiring and the baud rate');
        return;
      case 'malformed':
        this.#context.count('bytes_discarded', raw.length + 1);
        this.#reject(
          'malformed',
          'a line starts like our format and does not fit it; see docs/readers/line.md',
        );
        return;
      default:
        if (isGarbage) this.#onGarbage(raw);
        else this.#onForm(line);
    }
  }

  #onGarbage(raw: string): void {
    this.#context.count('bytes_discarded', raw.length + 1);
    this.#reject('garbage', 'unreadable bytes; check the baud rate');
  }

  #onForm(line: string): void {
    const result = parseForm(line, this.#formOptions());
    if (result.type === 'rejected') {
      this.#context.count('bytes_discarded', line.length);
      this.#reject(result.reason, result.message);
    } else if (result.type === 'uid') {
      if (result.notation === 'decimal') this.#hasSentDecimals = true;
      this.#context.count('frames_ok');
      this.#onCard(this.#context.options.technology, result.uid, {});
    }
  }

  #onRecord(record: LineRecord, verified: boolean): void {
    switch (record.type) {
      case 'hello':
        this.#forgetNumbers();
        this.#uptimeSeconds = 0;
        this.#context.emit({ type: 'identity', text: `${record.model} ${record.version} ${record.serial}` });
        return;
      case 'heartbeat':
        // A device that restarted counts from the beginning again.
        if (record.uptimeSeconds < this.#uptimeSeconds) this.#forgetNumbers();
        this.#uptimeSeconds = record.uptimeSeconds;
        this.#context.emit({ type: 'alive' });
        return;
      case 'error':
        this.#reject('device_error', `the device reports its own error ${record.code}`);
        return;
      case 'gone':
        if (this.#shown.present?.split(':')[1] === upperHex(record.uid)) this.#shown.takenAway();
        return;
      case 'fake_finger':
        if (record.seq === this.#lastRefusal) {
          this.#context.count('merged');
          return;
        }
        this.#lastRefusal = record.seq;
        this.#context.emit({ type: 'finger_refused', reason: 'liveness' });
        return;
      case 'card':
        this.#onCard(record.technology, record.uid, { seq: record.seq, verified });
    }
  }

  #forgetNumbers(): void {
    this.#lastRead = undefined;
    this.#lastRefusal = undefined;
  }

  #onCard(technology: Technology, uid: Uint8Array, mark: { seq?: number; verified?: boolean }): void {
    const { seq } = mark;
    const key = `${technology}:${upperHex(uid)}`;
    const isRepeated = seq !== undefined && this.#lastRead?.seq === seq && this.#lastRead.key === key;
    if (seq !== undefined) this.#lastRead = { key, seq };
    const isThere = this.#shown.present === key;
    if (isRepeated || isThere) {
      this.#context.count('merged');
      if (isThere) this.#shown.see(key);
      return;
    }
    const read = this.#toRead(technology, uid);
    if (read === undefined) return;
    this.#shown.see(key);
    this.#context.emit({ type: 'card', read, ...(mark.verified === false ? { unverified: true } : {}) });
  }

  #toRead(technology: Technology, uid: Uint8Array): CardRead | undefined {
    try {
      return cardRead(technology, uid);
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      this.#reject('uid', error.message);
      return undefined;
    }
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }

  #formOptions(): FormOptions {
    const { order, digits, check_byte, technology } = this.#context.options;
    return {
      order,
      digits,
      checkByte: check_byte,
      hasSentDecimals: this.#hasSentDecimals,
      lengths: UID_LENGTHS[technology],
    };
  }
}

/** DIY readers on an Arduino or ESP32 that print one line a card (line protocol note). */
export const driver = defineDriver({
  id: 'line',
  kind: 'card',
  title: 'DIY reader that prints lines (Arduino, ESP32)',
  hasLights: true,
  // Boards restart on a DTR edge; they need up to 3 s for it.
  link: { baud: 115_200, dtr: true, rts: true, readyWithinMs: 3_000 },
  // Boards that run a sketch, and the chips of cheap USB-TTL adapters.
  usb: [...[0x303a, 0x2341, 0x2a03, 0x2e8a].map((vid) => ({ vid, score: 50 })), ...USB_BRIDGES],
  silenceLimitMs: SILENCE_LIMIT_MS,
  options,
  baudFrom: ({ baud }) => baud,
  open: (context) => new LineSession(context),
});
