import { RollcallError } from '@rollcall/protocol/errors';
import type { HttpAddress } from './http-address.js';
import type { HttpCall, HttpListener, Terminal } from './http-listener.js';
import type { Transport, TransportHandlers } from './transport.js';

/** Requests of one terminal that may wait for their turn; a real one waits for its answer before the next. */
const WAITING_CALLS_MAX = 8;
const REFUSED = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', 'latin1');

/**
 * A terminal that calls: what it sends are whole requests, and each write is the answer to the oldest of them that
 * has none. One at a time, so that no answer can reach another request.
 */
export class HttpTransport implements Transport, Terminal {
  readonly #address: HttpAddress;
  readonly #listener: HttpListener;
  #handlers: TransportHandlers | undefined;
  #isOver = false;
  #current: HttpCall | undefined;
  #waiting: HttpCall[] = [];

  constructor(address: HttpAddress, listener: HttpListener) {
    this.#address = address;
    this.#listener = listener;
    listener.allow(address);
  }

  async open(handlers: TransportHandlers): Promise<void> {
    await this.#listener.attach(this.#address.serial, this);
    if (this.#isOver) {
      await this.#listener.detach(this.#address.serial, this);
      throw this.#closed();
    }
    this.#handlers = handlers;
    this.#next();
  }

  onCall(call: HttpCall): void {
    if (this.#isOver || this.#waiting.length >= WAITING_CALLS_MAX) {
      call.answer(REFUSED);
      return;
    }
    this.#waiting.push(call);
    this.#next();
  }

  async write(bytes: Uint8Array): Promise<void> {
    const call = this.#current;
    if (call === undefined || this.#isOver) throw this.#closed();
    this.#current = undefined;
    call.answer(bytes);
    // Not from within the driver's own call: the next request is a new event.
    queueMicrotask(() => this.#next());
  }

  async setBaud(): Promise<void> {
    // A network has no speed to set.
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const calls = [...(this.#current === undefined ? [] : [this.#current]), ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    for (const call of calls) call.answer(REFUSED);
    const handlers = this.#handlers;
    this.#handlers = undefined;
    await this.#listener.detach(this.#address.serial, this);
    handlers?.onClose(this.#closed());
  }

  #next(): void {
    if (this.#handlers === undefined || this.#current !== undefined) return;
    this.#current = this.#waiting.shift();
    if (this.#current !== undefined) this.#handlers.onBytes(this.#current.bytes);
  }

  #closed(): RollcallError {
    return new RollcallError(
      'PORT_CLOSED',
      `No request of terminal ${this.#address.serial} waits for an answer`,
    );
  }
}
