import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { TimedFramer } from '../timed-framer.js';
import { isDone, isError } from './answer.js';
import { type Twn4Protocol, type Twn4Wire, wireOf } from './wire.js';

const ANSWER_TIMEOUT_MS = 1_000;
/** A pause inside a binary answer ends it. A line ends with its CR, however late that comes. */
const INTER_BYTE_GAP_MS = 100;
/** The fill and what the reader says to it take this long at 9600 baud. */
const FILLED_ANSWER_TIMEOUT_MS = 5_000;
/** Tries of a binary reader that still has half a command of somebody else: each try fills that up. */
const GREETINGS = 3;

export interface Twn4Command {
  name: string;
  /** Hex digits: API, function, parameters. */
  hex: string;
  timeoutMs?: number;
}

/** One command at a time to a TWN4, and its answers, in one of the forms of its protocol. */
export class Twn4Link {
  readonly #context: DriverContext<unknown>;
  readonly #exchange: Exchange<Uint8Array>;
  readonly #onGarbage: () => void;
  #wire: Twn4Wire;
  #frames: TimedFramer | undefined;

  constructor(context: DriverContext<unknown>, protocol: Twn4Protocol, onGarbage: () => void) {
    this.#context = context;
    this.#onGarbage = onGarbage;
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => context.write(bytes) });
    this.#wire = wireOf(protocol);
    this.speak(protocol);
  }

  /** From now on in this form; what was heard before is nothing. */
  speak(protocol: Twn4Protocol): void {
    this.#frames?.close();
    this.#wire = wireOf(protocol);
    const { clock } = this.#context;
    const { framer } = this.#wire;
    const take = (events: readonly FramingEvent[]): void => this.#take(events);
    this.#frames =
      protocol === 'ascii' ? undefined : new TimedFramer({ clock, framer, pauseMs: INTER_BYTE_GAP_MS, take });
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#frames === undefined) this.#take(this.#wire.framer.push(chunk));
    else this.#frames.push(chunk);
  }

  close(): void {
    this.#frames?.close();
    this.#exchange.close();
  }

  /** Ends whatever stands in the reader's buffer; an empty command has no answer that fits a question. */
  async flush(): Promise<void> {
    if (this.#wire.flush !== undefined) await this.#context.write(this.#wire.flush);
  }

  /**
   * The form in which the reader answers. Binary forms first: a line reader takes them for part of a line that the flush
   * ends, but a binary one would take a line for the length of a very long command.
   *
   * @throws RollcallError `DEVICE_TIMEOUT` when it answers in none.
   */
  async find(greet: () => Promise<unknown>): Promise<Twn4Protocol> {
    for (const protocol of ['binary_crc', 'binary', 'ascii'] as const) {
      this.speak(protocol);
      for (let tries = protocol === 'ascii' ? 1 : GREETINGS; tries > 0; tries--) {
        try {
          await this.flush();
          await greet();
          return protocol;
        } catch (error) {
          if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
        }
      }
    }
    throw new RollcallError(
      'DEVICE_TIMEOUT',
      'No TWN4 with the simple protocol answers, in ASCII or binary; check the cable, the speed (9600) and the firmware (…_PRS….bix), and take its power away once',
    );
  }

  async command(command: Twn4Command): Promise<void> {
    await this.ask(command, isDone);
  }

  /** @throws RollcallError `DEVICE_REFUSED` when the reader says that it cannot do this. */
  async ask(
    { name, hex, timeoutMs = ANSWER_TIMEOUT_MS }: Twn4Command,
    accept: (answer: Uint8Array) => boolean,
  ): Promise<Uint8Array> {
    const answer = await this.greet({ name, hex, timeoutMs }, (reply) => accept(reply) || isError(reply));
    if (!isError(answer)) return answer;
    throw new RollcallError(
      'DEVICE_REFUSED',
      `The reader refused ${name} (error ${answer[0]}); load a firmware with the simple protocol (…_PRS….bix)`,
    );
  }

  /**
   * The first question: the reader may hold half a command of somebody else, whose refusal says nothing about this one and
   * whose length may swallow it. Only the last try, with nothing in front of it, is believed when it is refused.
   *
   * @throws RollcallError `DEVICE_REFUSED` when the reader says that it cannot do this.
   */
  async askFirst(command: Twn4Command, accept: (answer: Uint8Array) => boolean): Promise<Uint8Array> {
    await this.flush();
    const answer = await answerOrSilence(this.greet(command, accept));
    return answer ?? (await this.#greetFilled(command, accept)) ?? (await this.ask(command, accept));
  }

  /** As {@link ask}, but a refusal may be the answer to what stood in the reader's buffer before, and is nobody's. */
  greet(
    { name, hex, timeoutMs = ANSWER_TIMEOUT_MS }: Twn4Command,
    accept: (answer: Uint8Array) => boolean,
  ): Promise<Uint8Array> {
    const bytes = this.#wire.encode(Buffer.from(hex, 'hex'));
    return this.#exchange.ask({ name, bytes, timeoutMs, accept });
  }

  async #greetFilled(
    command: Twn4Command,
    accept: (answer: Uint8Array) => boolean,
  ): Promise<Uint8Array | undefined> {
    const { fill } = this.#wire;
    if (fill === undefined) return undefined;
    await this.#context.write(fill);
    return answerOrSilence(this.greet({ ...command, timeoutMs: FILLED_ANSWER_TIMEOUT_MS }, accept));
  }

  #take(events: readonly FramingEvent[]): void {
    let isTold = false;
    for (const event of events) {
      const answer = event.type === 'frame' ? this.#wire.decode(event.bytes) : undefined;
      if (answer !== undefined) {
        isTold = false;
        if (this.#exchange.receive(answer)) this.#context.count('frames_ok');
        else this.#context.count('bytes_discarded', answer.length);
        continue;
      }
      this.#context.count('bytes_discarded', event.type === 'frame' ? event.bytes.length + 1 : event.bytes);
      this.#context.count('resyncs');
      if (event.type === 'discarded' && event.reason === 'bad_checksum') {
        this.#context.count('frames_bad_checksum');
      }
      // Noise looks like wrong lengths and wrong checksums in turn.
      if (!isTold && !(event.type === 'discarded' && event.reason === 'truncated')) this.#onGarbage();
      isTold = true;
    }
  }
}

async function answerOrSilence(answer: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
    return undefined;
  }
}
