import { delay } from '@rollcall/protocol/clock';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import type { Framer, FramingEvent } from '@rollcall/protocol/framing/framer';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { TimedFramer } from '../timed-framer.js';
import { Turns } from './turns.js';

/** Bytes of one packet follow each other; after this pause the rest of it will not come. */
const PACKET_PAUSE_MS = 80;
/** Nothing was heard for so long: no answer to an earlier question is still on its way. */
const QUIET_MS = 250;
const QUIET_LIMIT_MS = 3_000;

/** The line to a fingerprint module: one command at a time, and checked packets. */
export abstract class ModuleLine<Reply> {
  protected readonly context: DriverContext<unknown>;
  protected readonly exchange: Exchange<Reply>;
  readonly turns = new Turns();
  readonly #frames: TimedFramer;
  readonly #closed = new AbortController();
  #lastByteMs = 0;

  constructor(context: DriverContext<unknown>, framer: Framer) {
    this.context = context;
    const { clock } = context;
    this.exchange = new Exchange({ clock, write: (bytes) => context.write(bytes) });
    this.#frames = new TimedFramer({
      clock,
      framer,
      pauseMs: PACKET_PAUSE_MS,
      take: (events) => this.#take(events),
    });
  }

  /** A packet that passed its checksum. Templates and images among them are never captured. */
  protected abstract onFrame(frame: Uint8Array): void;

  /** Aborted when the connection ends. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  onBytes(chunk: Uint8Array): void {
    this.#lastByteMs = this.context.clock.monoMs();
    this.#frames.push(chunk);
  }

  close(): void {
    this.#frames.close();
    this.exchange.close();
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection to the module has ended'));
  }

  /** Waits until nothing more comes that could be taken for the answer to the next question. */
  async quiet(): Promise<void> {
    const { clock } = this.context;
    const sinceMs = clock.monoMs();
    let leftMs = QUIET_MS;
    while (leftMs > 0 && clock.monoMs() - sinceMs < QUIET_LIMIT_MS) {
      await delay(clock, leftMs, this.closed);
      leftMs = QUIET_MS - (clock.monoMs() - Math.max(sinceMs, this.#lastByteMs));
    }
    this.#frames.end();
  }

  /** Waits for what was asked of the module, whoever asked: a look, an operation or a light. */
  protected async awaited<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (hasCode(error, 'DEVICE_TIMEOUT')) this.turns.noteSilence();
      throw error;
    }
  }

  #take(events: readonly FramingEvent[]): void {
    for (const event of events) {
      if (event.type === 'frame') {
        this.context.count('frames_ok');
        this.onFrame(event.bytes);
        continue;
      }
      this.context.count('bytes_discarded', event.bytes);
      if (event.reason !== 'bad_checksum') continue;
      this.context.count('frames_bad_checksum');
      this.context.emit({
        type: 'rejected',
        reason: 'checksum',
        message: 'a packet failed its checksum; check the wiring, the ground and the speed',
      });
    }
  }
}
