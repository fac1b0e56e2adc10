import { delay } from '@rollcall/protocol/clock';
import { cardRead } from '@rollcall/protocol/credential';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { sum8 } from '@rollcall/protocol/framing/checksum';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import * as z from 'zod';
import { CtFramer, epcOfText } from './chafon/ct-framer.js';
import { ChafonFramer, encodeCommand } from './chafon/frame.js';
import { TagPresence } from './chafon/presence.js';
import {
  type ChafonFamily,
  type ChafonReply,
  decodeCt,
  decodeReader,
  inventoryEnd,
  tagsOf,
} from './chafon/reply.js';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { Exchange } from './exchange.js';
import { TimedFramer } from './timed-framer.js';
import { USB_BRIDGES } from './usb-bridges.js';

const ANY_ADDRESS = 0xff;
const INVENTORY = 0x01;
const READER_INFO = 0x21;
/** Q 15, session 0, EPC bank without a mask, target A, antenna 1, two seconds (UHF note, part A). */
const INVENTORY_288 = [0x0f, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x80, 0x14];
const CT_COMMAND_START = [0x53, 0x57];
const CT_SYSTEM_INFO = 0x10;
const CT_ACTIVE_DATA = 0x45;

const INFO_TIMEOUT_MS = 1_000;
/** An inventory may take its two seconds; frames that follow come within it. */
const INVENTORY_TIMEOUT_MS = 3_500;
const INVENTORY_GAP_MS = 100;
const INTER_BYTE_GAP_MS = 100;
const RESTART_AFTER_MS = 1_000;
const SILENCE_LIMIT_MS = 15_000;

const options = z.strictObject({
  family: z
    .enum(['uhfreader18', 'uhfreader288', 'ct'], 'must be uhfreader18, uhfreader288 or ct')
    .default('uhfreader18')
    .meta({
      description:
        'How the reader speaks: `uhfreader18` (CF-RU5102, 5106), `uhfreader288` (CF-RU6403, 5202, antennas), `ct` (frames that begin with 43 54, or plain text: 02, hex digits, 0D 0A 03).',
    }),
  mode: z.enum(['ask', 'listen'], 'must be ask or listen').default('ask').meta({
    description:
      '`ask`: the gateway looks for tags. `listen`: the reader is set to active mode and reports by itself.',
  }),
  baud: z
    .union(
      [z.literal(9600), z.literal(19200), z.literal(38400), z.literal(57600), z.literal(115200)],
      'must be one of 9600, 19200, 38400, 57600, 115200',
    )
    .default(57600)
    .meta({ description: 'Speed as set in the reader: mostly 57600, 115200 for `ct`.' }),
  address: z
    .int('must be a whole number')
    .min(0, 'must be from 0 to 255')
    .max(ANY_ADDRESS, 'must be from 0 to 255')
    .default(ANY_ADDRESS)
    .meta({ description: 'Address of the reader; 255 is any.' }),
  hold_off_ms: z
    .int('must be a whole number of milliseconds')
    .min(1_000, 'must be at least 1000, since tags fade in and out')
    .max(60_000, 'must be at most 60000')
    .default(3_000)
    .meta({ description: 'How long a tag has to be away before it counts as shown again, in milliseconds.' }),
  single_report: z.boolean('must be true or false').default(false).meta({
    description:
      'Believe plain text of a `ct` reader that comes once. It has no checksum, so that a tag has to be reported twice; only for a reader whose filter time lets it report a tag no more than once.',
  }),
});
export type ChafonOptions = z.infer<typeof options>;

class ChafonSession implements DriverSession {
  readonly #context: DriverContext<ChafonOptions>;
  readonly #family: ChafonFamily;
  readonly #frames: TimedFramer;
  readonly #exchange: Exchange<ChafonReply>;
  readonly #presence: TagPresence;
  /** Tags that were reported without a checksum: the first time proves nothing. */
  readonly #sighted: TagPresence;
  readonly #closed = new AbortController();

  constructor(context: DriverContext<ChafonOptions>) {
    this.#context = context;
    const { clock, options } = context;
    this.#family = options.family;
    this.#frames = new TimedFramer({
      clock,
      framer: options.family === 'ct' ? new CtFramer() : new ChafonFramer([INVENTORY, READER_INFO]),
      pauseMs: INTER_BYTE_GAP_MS,
      take: (events) => this.#take(events),
    });
    this.#exchange = new Exchange({ clock, write: (bytes) => context.write(bytes) });
    this.#presence = new TagPresence(clock, options.hold_off_ms, () =>
      context.emit({ type: 'card_removed' }),
    );
    this.#sighted = new TagPresence(clock, options.hold_off_ms, () => undefined);
  }

  onBytes(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  /** A reader that reports by itself cannot be asked: some do not listen while they do. */
  async probe(): Promise<void> {
    if (this.#context.options.mode === 'listen') return;
    await this.#start();
    void this.#searchForEver();
  }

  close(): void {
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection was closed'));
    this.#frames.close();
    this.#exchange.close();
    this.#presence.close();
    this.#sighted.close();
  }

  #take(events: readonly FramingEvent[]): void {
    let isTold = false;
    for (const event of events) {
      if (event.type === 'frame') {
        isTold = false;
        this.#onFrame(event.bytes);
        continue;
      }
      this.#context.count('bytes_discarded', event.bytes);
      this.#context.count('resyncs');
      if (event.reason === 'bad_checksum') this.#context.count('frames_bad_checksum');
      // Without a start marker noise looks like wrong lengths and wrong checksums in turn.
      if (!isTold && event.reason !== 'truncated') {
        this.#reject('garbage', 'bytes outside a frame; check the speed, the family and the wiring');
      }
      isTold = true;
    }
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#family !== 'ct') {
      this.#onReply(decodeReader(frame));
      return;
    }
    const epc = epcOfText(frame);
    if (epc === undefined) this.#onReply(decodeCt(frame));
    else this.#onText(epc);
  }

  /** Noise can look like this: only what comes again is a tag. */
  #onText(epc: Uint8Array): void {
    this.#context.count('frames_ok');
    const isFirst = this.#sighted.see(keyOf(epc));
    if (!isFirst || this.#context.options.single_report) this.#onTag(epc);
  }

  #onReply(reply: ChafonReply): void {
    const isUnasked = reply.command === (this.#family === 'ct' ? CT_ACTIVE_DATA : INVENTORY);
    if (reply.command === INVENTORY || isUnasked) {
      this.#context.count('frames_ok');
      this.#onTags(reply);
      this.#exchange.receive(reply);
    } else if (this.#exchange.receive(reply)) {
      this.#context.count('frames_ok');
    }
  }

  #onTags(reply: ChafonReply): void {
    const tags = tagsOf(this.#family, reply);
    if (tags === undefined) {
      this.#reject('tags', 'a report of tags whose lengths do not fit; set "family" to that of the reader');
      return;
    }
    for (const epc of tags) this.#onTag(epc);
  }

  #onTag(epc: Uint8Array): void {
    if (!this.#presence.see(keyOf(epc))) {
      this.#context.count('merged');
      return;
    }
    try {
      this.#context.emit({ type: 'card', read: cardRead('uhf', epc) });
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      this.#reject('epc', error.message);
    }
  }

  async #start(): Promise<void> {
    const command = this.#family === 'ct' ? CT_SYSTEM_INFO : READER_INFO;
    const { data } = await this.#ask('reader information', this.#encode(command), {
      timeoutMs: INFO_TIMEOUT_MS,
      accept: (reply) => reply.command === command,
    });
    this.#context.emit({ type: 'identity', text: identityOf(this.#family, data) });
    this.#context.emit({ type: 'alive' });
  }

  async #searchForEver(): Promise<void> {
    let isStarted = true;
    while (!this.#closed.signal.aborted) {
      try {
        if (!isStarted) await this.#start();
        isStarted = true;
        await this.#inventory();
        await this.#pause(INVENTORY_GAP_MS);
      } catch {
        // Whatever it was, the reader is asked anew who it is; while it stays silent, the supervisor tells.
        this.#context.count('timeouts');
        isStarted = false;
        await this.#pause(RESTART_AFTER_MS).catch(() => undefined);
      }
    }
  }

  /** One answer may be many frames; each was read as it came. */
  async #inventory(): Promise<void> {
    const last = await this.#ask('inventory', this.#encode(INVENTORY, this.#inventoryParameters()), {
      timeoutMs: INVENTORY_TIMEOUT_MS,
      accept: (reply) => reply.command === INVENTORY && inventoryEnd(this.#family, reply) !== 'more',
    });
    if (inventoryEnd(this.#family, last) !== 'failed') return;
    const status = last.status.toString(16).toUpperCase().padStart(2, '0');
    this.#reject('inventory', `the reader could not look for tags (status ${status}); check its antenna`);
  }

  #inventoryParameters(): readonly number[] {
    return this.#family === 'uhfreader288' ? INVENTORY_288 : [];
  }

  #encode(command: number, data: readonly number[] = []): Uint8Array {
    const { address } = this.#context.options;
    if (this.#family !== 'ct') return encodeCommand(address, command, data);
    const length = data.length + 3;
    const body = Uint8Array.of(...CT_COMMAND_START, length >> 8, length & 0xff, address, command, ...data);
    return Uint8Array.of(...body, -sum8(body) & 0xff);
  }

  #ask(
    name: string,
    bytes: Uint8Array,
    rest: { timeoutMs: number; accept: (reply: ChafonReply) => boolean },
  ): Promise<ChafonReply> {
    return this.#exchange.ask({ name, bytes, ...rest });
  }

  #pause(delayMs: number): Promise<void> {
    return delay(this.#context.clock, delayMs, this.#closed.signal);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

const keyOf = (epc: Uint8Array): string => Buffer.from(epc).toString('hex');

/** Version in the first two bytes, type in the third where there is one. */
function identityOf(family: ChafonFamily, data: Uint8Array): string {
  if (family === 'ct') return 'UHF reader (CT)';
  const [version = 0, revision = 0, type = 0] = data;
  return `UHF reader type ${type.toString(16).toUpperCase().padStart(2, '0')} v${version}.${revision}`;
}

/** UHF readers of Chafon and its resellers (UHF note, parts A and B; wabson/chafon-rfid; UHF Reader manual V2.0). */
export const driver = defineDriver({
  id: 'chafon',
  kind: 'card',
  title: 'Chafon UHF readers (UHFReader18, UHFReader288, CT frames)',
  hasLights: false,
  link: { baud: 57_600, dtr: false, rts: false, readyWithinMs: 0 },
  usb: USB_BRIDGES,
  silenceLimitMs: SILENCE_LIMIT_MS,
  options,
  baudFrom: ({ baud }) => baud,
  open: (context) => new ChafonSession(context),
});
