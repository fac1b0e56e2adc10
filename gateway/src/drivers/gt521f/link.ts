import { delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { ModuleLine } from '../finger/module-line.js';
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
export class Gt521fLink extends ModuleLine<Response> {
  readonly #framer: Gt521fFramer;
  #onData: ((content: Uint8Array) => void) | undefined;

  constructor(context: DriverContext<unknown>) {
    const framer = new Gt521fFramer();
    super(context, framer);
    this.#framer = framer;
  }

  /** @throws RollcallError `DEVICE_TIMEOUT` or `PORT_CLOSED`. */
  ask({ name, code, parameter = 0, timeoutMs = REPLY_TIMEOUT_MS }: Command): Promise<Response> {
    const bytes = encodeCommand(code, parameter);
    this.context.capture('out', bytes);
    return this.awaited(this.exchange.ask({ name, bytes, timeoutMs, accept: () => true }));
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
        this.context.clock,
        command.dataTimeoutMs ?? DATA_TIMEOUT_MS,
        AbortSignal.any([waiting.signal, this.closed]),
      ).then(() => {
        throw new RollcallError('DEVICE_TIMEOUT', `The module did not send the data of ${command.name}`);
      });
      return await this.awaited(Promise.race([data, late]));
    } finally {
      waiting.abort(new Error('the data has come'));
      this.#onData = undefined;
      this.#framer.expectData(undefined);
    }
  }

  /** A data packet to the module, which says whether it took it. */
  async upload(name: string, content: Uint8Array): Promise<Response> {
    const answer = this.exchange.ask({
      name,
      bytes: encodeData(content),
      timeoutMs: REPLY_TIMEOUT_MS,
      accept: () => true,
    });
    return this.awaited(answer);
  }

  protected override onFrame(frame: Uint8Array): void {
    if (isData(frame)) {
      this.#onData?.(payloadOf(frame));
      return;
    }
    this.context.capture('in', frame);
    const response = decodeResponse(frame);
    if (response !== undefined) this.exchange.receive(response);
  }
}
