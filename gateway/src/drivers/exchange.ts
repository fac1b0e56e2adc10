import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

export interface ExchangeOptions {
  clock: Clock;
  /** Of the driver's context: fails at once when the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
}

export interface Question<Reply> {
  bytes: Uint8Array;
  /** Milliseconds from the write until the device counts as silent. */
  timeoutMs: number;
  /** Undefined for a reply that belongs to another question. */
  accept(reply: Reply): boolean;
  /** What was asked, for the error message. */
  name: string;
}

/**
 * Questions to a device that answers, one at a time. The expectation stands before the write (a fast device
 * answers before the write call returns), and a late reply to an earlier question is never taken for the answer to
 * this one.
 */
export class Exchange<Reply> {
  readonly #options: ExchangeOptions;
  #waiting:
    | { accept(reply: Reply): boolean; answer(reply: Reply): void; fail(reason: unknown): void }
    | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed: RollcallError | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /**
   * Waits for its turn, writes, and resolves with the reply.
   *
   * @throws RollcallError `DEVICE_TIMEOUT`, `PORT_CLOSED` after `close`, or what the write failed with.
   */
  ask(question: Question<Reply>): Promise<Reply> {
    const turn = this.#last.then(() => this.#askNow(question));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Hands in what the device said; false when nobody waits for it (a late reply, or nobody asked). */
  receive(reply: Reply): boolean {
    const waiting = this.#waiting;
    if (waiting?.accept(reply) !== true) return false;
    waiting.answer(reply);
    return true;
  }

  /** Every question that waits or comes later fails. */
  close(): void {
    this.#closed = new RollcallError('PORT_CLOSED', 'The connection was closed before the device answered');
    this.#waiting?.fail(this.#closed);
  }

  #askNow({ bytes, timeoutMs, accept, name }: Question<Reply>): Promise<Reply> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        this.#waiting = undefined;
      };
      const waiting = {
        accept,
        answer: (reply: Reply): void => {
          end();
          resolve(reply);
        },
        fail: (reason: unknown): void => {
          end();
          reject(reason);
        },
      };
      const cancel = this.#options.clock.after(timeoutMs, () =>
        waiting.fail(
          new RollcallError(
            'DEVICE_TIMEOUT',
            `The device did not answer ${name} within ${timeoutMs} ms; check its power, the wiring and the speed`,
          ),
        ),
      );
      this.#waiting = waiting;
      this.#options.write(bytes).catch((error: unknown) => {
        if (this.#waiting === waiting) waiting.fail(error);
      });
    });
  }
}
