import { delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { Silence } from '../silence.js';
import { refusal } from './codes.js';
import {
  decodeResponse,
  encodeCommand,
  encodeData,
  Gt521fFramer,
  isData,
  payloadOf,
  type Response,
} from './packet.js';

const REPLY_TIMEOUT_MS = 1_500;
/** Bytes of one packet follow each other; after this pause the rest of it will not come. */
const PACKET_PAUSE_MS = 80;
const QUIET_MS = 250;
const QUIET_LIMIT_MS = 3_000;
/** An image takes 54 s at 9600 baud (GT-521F note §A4). */
const DATA_TIMEOUT_MS = 65_000;

export interface Command {
  name: string;
  code: number;
  parameter?: number;
  timeoutMs?: number;
  /** Longest wait for the data packet behind the answer. */
  dataTimeoutMs?: number;
}

/** Answers and data packets of one module: one command at a time. */
export class Gt521fLink {
  readonly #context: DriverContext<unknown>;
  readonly #framer = new Gt521fFramer();
  readonly #exchange: Exchange<Response>;
  readonly #pause: Silence;
  readonly #closed = new AbortController();
  #onData: ((content: Uint8Array) => void) | undefined;
  #lastByteMs = 0;

  constructor(context: DriverContext<unknown>) {
    this.#context = context;
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => context.write(bytes) });
    this.#pause = new Silence({
      clock: context.clock,
      limitMs: PACKET_PAUSE_MS,
      onSilent: () => this.#handle(this.#framer.idle()),
    });
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  onBytes(chunk: Uint8Array): void {
    this.#lastByteMs = this.#context.clock.monoMs();
    this.#handle(this.#framer.push(chunk));
    if (this.#framer.pendingBytes > 0) this.#pause.restart();
    else this.#pause.cancel();
  }

  close(): void {
    this.#pause.cancel();
    this.#exchange.close();
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection to the module has ended'));
  }

  /** @throws RollcallError `DEVICE_TIMEOUT` or `PORT_CLOSED`. */
  ask({ name, code, parameter = 0, timeoutMs = REPLY_TIMEOUT_MS }: Command): Promise<Response> {
    const bytes = encodeCommand(code, parameter);
    this.#context.capture('out', bytes);
    return this.#exchange.ask({ name, bytes, timeoutMs, accept: () => true });
  }

  /** As `ask`, for commands that have only one good outcome. @throws RollcallError also `DEVICE_REFUSED`. */
  async command(command: Command): Promise<number> {
    const { isAck, parameter } = await this.ask(command);
    if (!isAck) throw refusal(command.name, parameter);
    return parameter;
  }

  /** A command that is answered with a data packet of so many bytes. */
  async download(command: Command, bytes: number): Promise<Uint8Array> {
    const waiting = new AbortController();
    this.#framer.expectData(bytes);
    const data = new Promise<Uint8Array>((resolve) => {
      this.#onData = resolve;
    });
    try {
      await this.command(command);
      const late = delay(
        this.#context.clock,
        command.dataTimeoutMs ?? DATA_TIMEOUT_MS,
        AbortSignal.any([waiting.signal, this.#closed.signal]),
      ).then(() => {
        throw new RollcallError('DEVICE_TIMEOUT', `The module did not send the data of ${command.name}`);
      });
      return await Promise.race([data, late]);
    } finally {
      waiting.abort(new Error('the data has come'));
      this.#onData = undefined;
      this.#framer.expectData(undefined);
    }
  }

  /** A data packet to the module, which says whether it took it. */
  async upload(name: string, content: Uint8Array): Promise<Response> {
    return this.#exchange.ask({
      name,
      bytes: encodeData(content),
      timeoutMs: REPLY_TIMEOUT_MS,
      accept: () => true,
    });
  }

  /** Waits until nothing more comes that could be taken for the answer to the next question. */
  async quiet(): Promise<void> {
    const { clock } = this.#context;
    const sinceMs = clock.monoMs();
    let leftMs = QUIET_MS;
    while (leftMs > 0 && clock.monoMs() - sinceMs < QUIET_LIMIT_MS) {
      await delay(clock, leftMs, this.#closed.signal);
      leftMs = QUIET_MS - (clock.monoMs() - Math.max(sinceMs, this.#lastByteMs));
    }
    this.#handle(this.#framer.idle());
  }

  #handle(events: readonly FramingEvent[]): void {
    for (const event of events) {
      if (event.type === 'frame') {
        this.#context.count('frames_ok');
        this.#onFrame(event.bytes);
        continue;
      }
      this.#context.count('bytes_discarded', event.bytes);
      if (event.reason !== 'bad_checksum') continue;
      this.#context.count('frames_bad_checksum');
      this.#context.emit({
        type: 'rejected',
        reason: 'checksum',
        message: 'a packet failed its checksum; check the wiring, the ground and the speed',
      });
    }
  }

  #onFrame(frame: Uint8Array): void {
    if (isData(frame)) {
      // Templates and images: never captured.
      this.#onData?.(payloadOf(frame));
      return;
    }
    this.#context.capture('in', frame);
    const response = decodeResponse(frame);
    if (response !== undefined) this.#exchange.receive(response);
  }
}
