import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { TransportHandlers } from './transport.js';

/** Milliseconds after which a write counts as stuck; a light is a few dozen bytes. */
export const WRITE_TIMEOUT_MS = 2_000;

/**
 * What every transport promises, in one place: handlers are called only between begin and end, the end comes
 * once, and every write is settled, at the latest by the end.
 */
export class Connection {
  readonly #name: string;
  readonly #clock: Clock;
  #handlers: TransportHandlers | undefined;
  #isOver = false;
  readonly #pendingWrites = new Set<(reason: RollcallError) => void>();

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  begin(handlers: TransportHandlers): void {
    if (!this.#isOver) this.#handlers = handlers;
  }

  /** Bytes from before `begin` are dropped: they belong to no connection. */
  received(chunk: Uint8Array): void {
    this.#handlers?.onBytes(chunk);
  }

  end(reason: RollcallError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const handlers = this.#handlers;
    this.#handlers = undefined;
    for (const fail of [...this.#pendingWrites]) fail(reason);
    handlers?.onClose(reason);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  closedError(): RollcallError {
    return new RollcallError('PORT_CLOSED', `${this.#name} is not open, nothing was sent to it`);
  }

  /** @throws RollcallError `PORT_CLOSED`, `PORT_LOST` or `PORT_WRITE_TIMEOUT`. */
  write(send: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
    if (this.#isOver) return Promise.reject(this.closedError());
    return new Promise((resolve, reject) => {
      const finish = (error: RollcallError | undefined): void => {
        if (!this.#pendingWrites.delete(finish)) return;
        cancel();
        if (error === undefined) resolve();
        else reject(error);
      };
      const cancel = this.#clock.after(WRITE_TIMEOUT_MS, () => {
        finish(
          new RollcallError(
            'PORT_WRITE_TIMEOUT',
            `${this.#name} took no bytes for ${WRITE_TIMEOUT_MS} ms; unplug the reader and plug it in again`,
          ),
        );
      });
      this.#pendingWrites.add(finish);
      send((cause) => {
        finish(
          cause
            ? new RollcallError('PORT_LOST', `Writing to ${this.#name} failed; check the plug`, { cause })
            : undefined,
        );
      });
    });
  }
}
