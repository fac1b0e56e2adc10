import { delay } from '@rollcall/protocol/clock';
import { hasCode } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { NAK, REPLY } from './codes.js';
import type { Command } from './commands.js';
import type { OsdpOptions } from './options.js';
import { encodePacket, type Packet, type Security } from './packet.js';
import type { SecureChannel } from './secure-channel.js';

/** One packet and its repetitions, all with the same number and the same bytes (libosdp#214, #274). */
const TRIES_MAX = 4;
/** Pause after a reader said that it is busy. */
const BUSY_PAUSE_MS = 200;
/** Both sides give each other up after this long without a word (OSDP note §3). */
export const OFFLINE_MS = 8_000;
/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
/** The longest reply of most questions: what every reader can send. */
const REPLY_BYTES_MAX = 128;

/**
 * Why a question has no answer.
 *
 * - `silent`: nothing came, or nothing that passes its check.
 * - `restarted`: the reader lost count, as it does after a loss of power.
 * - `unproven`: an answer that should have been proven by the secure channel and was not. Its content is not believed.
 */
export type Trouble = 'silent' | 'restarted' | 'unproven';

export type Answer =
  | { type: 'reply'; code: number; data: Uint8Array; security?: Security }
  | { type: 'nak'; reason: number }
  | { type: 'trouble'; trouble: Trouble };

/** Questions to one reader of the bus: numbers, repetitions and, once there is one, the secure channel. */
export class Link {
  readonly #context: DriverContext<OsdpOptions>;
  readonly #exchange: Exchange<Packet>;
  readonly #closed = new AbortController();
  #sequence = 0;
  #previous = 0;
  #address: number;
  #isHolding = false;
  /** What is asked now is a secret, and so is its answer. */
  #isSecret = false;
  channel: SecureChannel | undefined;
  lastHeardMs: number;

  constructor(context: DriverContext<OsdpOptions>) {
    this.#context = context;
    this.#address = context.options.address;
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => this.#write(bytes) });
    this.lastHeardMs = context.clock.monoMs();
  }

  /** Both sides forget everything: number 0 ends the secure channel, too. */
  restart(address = this.#context.options.address): void {
    this.#sequence = 0;
    this.#previous = 0;
    this.#address = address;
    this.channel = undefined;
  }

  receive(packet: Packet): void {
    if (!packet.isReply) return;
    // Whoever was asked by the address of all answers with that one or with its own.
    if (packet.address !== this.#address && this.#address !== 0x7f) return;
    this.#exchange.receive(packet);
  }

  close(): void {
    this.#closed.abort();
    this.#exchange.close();
  }

  /** @throws RollcallError when the connection is gone. */
  async ask(command: Command, security?: Security): Promise<Answer> {
    const packet = this.#packet(command, security);
    const bytes = this.channel?.seal(packet) ?? encodePacket(packet);
    const startedMs = this.#context.clock.monoMs();
    let tries = 0;
    while (tries < TRIES_MAX) {
      const reply = await this.#send(bytes, { ...command, sequence: packet.sequence });
      if (reply?.code === REPLY.busy) {
        if (this.#context.clock.monoMs() - startedMs > OFFLINE_MS)
          return { type: 'trouble', trouble: 'silent' };
        await this.pause(BUSY_PAUSE_MS);
        continue;
      }
      tries += 1;
      if (reply === undefined || isCheckFailure(reply)) continue;
      return this.#judge(reply, packet.sequence);
    }
    return { type: 'trouble', trouble: 'silent' };
  }

  /** Keeps the turn over several questions, as a change of speed needs it. */
  async holdTurn(act: () => Promise<void>): Promise<void> {
    const endTurn = await this.#context.takeTurn();
    this.#isHolding = true;
    try {
      await act();
    } finally {
      this.#isHolding = false;
      endTurn();
    }
  }

  /** @throws when the connection is gone before. */
  pause(ms: number): Promise<void> {
    return delay(this.#context.clock, ms, this.#closed.signal);
  }

  #packet({ code, data }: Command, security: Security | undefined): Packet {
    const sequence = this.#sequence;
    this.#sequence = (sequence % 3) + 1;
    return {
      address: this.#address,
      isReply: false,
      sequence,
      hasCrc: this.#context.options.check === 'crc',
      ...(security === undefined ? {} : { security }),
      code,
      data,
    };
  }

  /** One turn on the bus; undefined where the reader said nothing. */
  async #send(
    bytes: Uint8Array,
    {
      sequence,
      name,
      isSecret,
      replyBytesMax = REPLY_BYTES_MAX,
    }: Omit<Command, 'code' | 'data'> & {
      sequence: number;
    },
  ): Promise<Packet | undefined> {
    const { clock, options } = this.#context;
    const wireMs = Math.ceil(((bytes.length + replyBytesMax) * BITS_PER_BYTE * 1000) / options.baud);
    const endTurn = this.#isHolding ? () => undefined : await this.#context.takeTurn();
    try {
      this.#isSecret = isSecret === true;
      const reply = await this.#exchange.ask({
        bytes,
        timeoutMs: options.reply_timeout_ms + wireMs,
        accept: (packet) => this.#isAnswer(packet, sequence),
        name,
      });
      this.#previous = sequence;
      this.lastHeardMs = clock.monoMs();
      return reply;
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
      this.#context.count('timeouts');
      return undefined;
    } finally {
      endTurn();
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.#context.capture('out', bytes);
    if (this.#isSecret) this.#context.conceal();
    return this.#context.write(bytes);
  }

  /** Number 0 is a reader that is busy or has just started; any other number answers an earlier question. */
  #isAnswer({ sequence, code }: Packet, asked: number): boolean {
    if (sequence === asked || code === REPLY.busy) return true;
    return sequence === 0 && this.#previous !== 0;
  }

  #judge(reply: Packet, sequence: number): Answer {
    const trouble = (kind: Trouble): Answer => ({ type: 'trouble', trouble: kind });
    if (this.channel !== undefined) {
      const opened = this.channel.open(reply);
      if (opened !== undefined) return toAnswer(opened);
      // A refusal may come in the clear: it is believed only so far that the session starts again.
      const [reason] = reply.data;
      const isRefusal = reply.code === REPLY.nak && reply.mac === undefined;
      return trouble(isRefusal && reason === NAK.sequence ? 'restarted' : 'unproven');
    }
    if (reply.sequence !== sequence) return trouble('restarted');
    const answer = toAnswer(reply);
    return answer.type === 'nak' && answer.reason === NAK.sequence ? trouble('restarted') : answer;
  }
}

/** The reader did not understand what it heard: the same bytes again. Nothing that was sealed is believed by this. */
const isCheckFailure = ({ code, data }: Packet): boolean => code === REPLY.nak && data[0] === NAK.check;

function toAnswer({ code, data, security }: Packet): Answer {
  if (code === REPLY.nak) return { type: 'nak', reason: data[0] ?? 0 };
  return { type: 'reply', code, data, ...(security === undefined ? {} : { security }) };
}
