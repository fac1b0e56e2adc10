import { delay } from '@rollcall/protocol/clock';
import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import type { Technology } from '@rollcall/protocol/credential-hash';
import { hasCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { FEEDBACK_PATTERNS, type FeedbackSignal } from '../feedback/signal.js';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { isRandomUid } from './random-uid.js';
import { type FoundTag, foundTag, versionText } from './twn4/answer.js';
import { Twn4Link } from './twn4/link.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** The reader answers when it has beeped and paused. */
const BEEP_ANSWER_MS = 1_000;
/** Of each form that is tried. */
const FIND_TIMEOUT_MS = 400;
const SEARCH_GAP_MS = 75;
/** After silence or nonsense the reader is left alone, so that late answers have gone by. */
const RESTART_AFTER_MS = 1_000;
const SILENCE_LIMIT_MS = 5_000;
/** Searches without the card after which it counts as taken away. */
const MISSES_MAX = 3;
const BEEP_HERTZ = 2_400;
const BEEP_VOLUME = 100;

const GET_VERSION = { name: 'GetVersionString', hex: '0004FF' };
const SEARCH_TAG = { name: 'SearchTag', hex: '050010' };
const LED_INIT = { name: 'LEDInit', hex: '041007' };
const LEDS = { red: '01', green: '02' } as const;

/** Tag types by air interface (Elatec DocRev25, SetTagTypes): the low five bits are the place in the mask. */
const TAG_TYPES: Readonly<Record<number, Technology>> = {
  64: 'em4100',
  128: 'iso14443a',
  129: 'iso14443b',
  130: 'iso15693',
  133: 'felica',
};
const HIGH_FREQUENCY = 0x80;

const technologies = ['em4100', 'iso14443a', 'iso14443b', 'iso15693', 'felica'] as const;
const options = z.strictObject({
  technologies: z
    .array(z.enum(technologies, `must be a list of ${technologies.join(', ')}`))
    .min(1, 'must name at least one kind of card')
    .max(technologies.length, 'must name each kind of card once')
    .default(['em4100', 'iso14443a'])
    .meta({ description: 'Kinds of cards that are looked for.' }),
  order: z
    .enum(['be', 'le'], 'must be be or le')
    .default('be')
    .meta({ description: '`be`: bytes as the card sends them. `le`: this firmware gives them reversed.' }),
  protocol: z
    .enum(['ascii', 'binary', 'binary_crc', 'auto'], 'must be ascii, binary, binary_crc or auto')
    .default('ascii')
    .meta({
      description:
        'Form of the simple protocol that the firmware was built for, `ascii` unless somebody changed it. `auto` finds it out at each start, which takes up to three seconds.',
    }),
});
export type Twn4Options = z.infer<typeof options>;

class Twn4Session implements DriverSession {
  readonly #context: DriverContext<Twn4Options>;
  readonly #link: Twn4Link;
  readonly #closed = new AbortController();
  /** What the last search found, as type and number: a card has to be found twice to be believed. */
  #candidate: string | undefined;
  #present: { key: string; isAccepted: boolean } | undefined;
  #misses = 0;
  #cancelLight: (() => void) | undefined;
  #hasAnswered = false;

  constructor(context: DriverContext<Twn4Options>) {
    this.#context = context;
    const { protocol } = context.options;
    this.#link = new Twn4Link(context, protocol === 'auto' ? 'ascii' : protocol, () => this.#onGarbage());
  }

  onBytes(chunk: Uint8Array): void {
    this.#link.onBytes(chunk);
  }

  async probe(): Promise<void> {
    const { protocol } = this.#context.options;
    if (protocol === 'auto') {
      await this.#link.find(() =>
        this.#link.greet({ ...GET_VERSION, timeoutMs: FIND_TIMEOUT_MS }, isVersion),
      );
    }
    try {
      await this.#start();
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT') || protocol === 'auto') throw error;
      throw new RollcallError(
        'DEVICE_TIMEOUT',
        `${error.message}; where the firmware may be built for another form than ${protocol}, write protocol: auto`,
        { cause: error },
      );
    }
    if (this.#context.isLookedAt !== true) void this.#searchForEver();
  }

  async feedback(signal: FeedbackSignal): Promise<void> {
    const { color, lightMs, beeps, beepMs } = FEEDBACK_PATTERNS[signal];
    const led = LEDS[color];
    await this.#link.command({ name: 'LEDOn', hex: `0411${led}` });
    this.#cancelLight?.();
    this.#cancelLight = this.#context.clock.after(lightMs, () => {
      this.#link.command({ name: 'LEDOff', hex: `0412${led}` }).catch(() => undefined);
    });
    const hex = `0407${hexByte(BEEP_VOLUME)}${hexWord(BEEP_HERTZ)}${hexWord(beepMs)}${hexWord(beepMs)}`;
    const beep = { name: 'Beep', hex, timeoutMs: BEEP_ANSWER_MS + 2 * beepMs };
    for (let beeped = 0; beeped < beeps; beeped++) await this.#link.command(beep);
  }

  close(): void {
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection was closed'));
    this.#cancelLight?.();
    this.#link.close();
  }

  #onGarbage(): void {
    // Before the first answer it may be the end of what somebody else asked.
    if (!this.#hasAnswered) return;
    this.#reject(
      'garbage',
      'something that is no answer; check the speed (9600) and that the firmware is a PRS one, of this protocol',
    );
  }

  async #start(): Promise<void> {
    const version = await this.#link.askFirst(GET_VERSION, isVersion);
    this.#hasAnswered = true;
    this.#context.emit({ type: 'identity', text: versionText(version) ?? '' });
    if (this.#context.isLookedAt !== true) await this.#configure();
    this.#context.emit({ type: 'alive' });
  }

  async #configure(): Promise<void> {
    const { low, high } = masksOf(this.#context.options.technologies);
    await this.#link.command({ name: 'SetTagTypes', hex: `0502${hexLong(low)}${hexLong(high)}` });
    await this.#link.command(LED_INIT);
  }

  async #searchForEver(): Promise<void> {
    let isStarted = true;
    while (!this.#closed.signal.aborted) {
      try {
        if (!isStarted) await this.#start();
        isStarted = true;
        const answer = await this.#link.ask(SEARCH_TAG, (one) => foundTag(one) !== undefined);
        this.#onSearched(foundTag(answer) ?? undefined);
        await this.#pause(SEARCH_GAP_MS);
      } catch {
        // Whatever it was, the reader is asked anew who it is; while it stays silent, the supervisor tells.
        this.#context.count('timeouts');
        isStarted = false;
        await this.#pause(RESTART_AFTER_MS).catch(() => undefined);
      }
    }
  }

  #onSearched(tag: FoundTag | undefined): void {
    if (tag === undefined) {
      this.#candidate = undefined;
      this.#misses += 1;
      if (this.#misses >= MISSES_MAX) this.#endPresentation();
      return;
    }
    this.#misses = 0;
    const key = `${tag.type}:${Buffer.from(tag.id).toString('hex')}`;
    if (this.#present?.key === key) {
      this.#context.count('merged');
      return;
    }
    if (this.#candidate !== key) {
      this.#candidate = key;
      return;
    }
    this.#endPresentation();
    const read = this.#readOf(tag);
    this.#present = { key, isAccepted: read !== undefined };
    if (read !== undefined) this.#context.emit({ type: 'card', read });
  }

  #readOf({ type, id }: FoundTag): CardRead | undefined {
    const technology = TAG_TYPES[type];
    if (technology === undefined || !this.#context.options.technologies.some((name) => name === technology)) {
      this.#reject(
        'technology',
        `a card of type ${hexByte(type)} is none of those that "technologies" names`,
      );
      return undefined;
    }
    const uid = this.#context.options.order === 'le' ? Uint8Array.from(id).reverse() : id;
    if (isRandomUid(technology, uid)) {
      this.#reject(
        'random_uid',
        'the card or phone shows another number each time and cannot be told apart; use another card',
      );
      return undefined;
    }
    try {
      return cardRead(technology, uid);
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      this.#reject('uid', error.message);
      return undefined;
    }
  }

  #endPresentation(): void {
    if (this.#present?.isAccepted === true) this.#context.emit({ type: 'card_removed' });
    this.#present = undefined;
  }

  #pause(delayMs: number): Promise<void> {
    return delay(this.#context.clock, delayMs, this.#closed.signal);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

const isVersion = (answer: Uint8Array): boolean => versionText(answer) !== undefined;

function masksOf(wanted: readonly Technology[]): { low: number; high: number } {
  const masks = { low: 0, high: 0 };
  for (const [text, technology] of Object.entries(TAG_TYPES)) {
    if (!wanted.includes(technology)) continue;
    const type = Number(text);
    masks[(type & HIGH_FREQUENCY) === 0 ? 'low' : 'high'] |= 1 << (type & 0x1f);
  }
  return masks;
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}

/** Lowest byte first, as every number of the protocol. */
function hexWord(value: number): string {
  return hexByte(value & 0xff) + hexByte(value >> 8);
}

function hexLong(value: number): string {
  return hexWord(value & 0xffff) + hexWord(value >>> 16);
}

/** Elatec TWN4 readers with the simple protocol, in ASCII or binary (TWN4 note, part C; Elatec DocRev25; Elatec.NET). */
export const driver = defineDriver({
  id: 'twn4',
  kind: 'card',
  title: 'Elatec TWN4 readers with the simple protocol',
  hasLights: true,
  link: { baud: 9600, dtr: true, rts: true, readyWithinMs: 0 },
  // The USB version; the one with a UART is behind an adapter.
  usb: [{ vid: 0x09d8, pid: 0x0420, score: 100 }, ...USB_BRIDGES],
  silenceLimitMs: SILENCE_LIMIT_MS,
  options,
  open: (context) => new Twn4Session(context),
});
