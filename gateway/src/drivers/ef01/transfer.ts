import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

/** Pause between two data packets after which no more will come; a packet takes 48 ms at 57600 and 290 ms at 9600. */
const PACKET_TIMEOUT_MS = 2_000;
/** Most bytes of one transfer: the largest image of the family is 36,864. */
const TRANSFER_BYTES_MAX = 128 * 1024;

/** Data packets of one answer, until the one that says that it is the last (EF01 note §2). */
export class Transfer {
  readonly content: Promise<Uint8Array>;
  readonly #clock: Clock;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #cancel: () => void;
  #resolve: (bytes: Uint8Array) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(clock: Clock, firstWithinMs: number) {
    this.#clock = clock;
    this.content = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody listens while the acknowledgement is still awaited, and that may never come.
    this.content.catch(() => undefined);
    this.#cancel = this.#expireAfter(firstWithinMs);
  }

  add(content: Uint8Array, isLast: boolean): void {
    // Packets behind the last one can come in the same read: they must not wait for more.
    if (this.#isOver) return;
    this.#cancel();
    this.#bytes += content.length;
    if (this.#bytes > TRANSFER_BYTES_MAX) {
      this.fail(
        new RollcallError('DEVICE_REFUSED', 'The fingerprint module sends more than any image or template'),
      );
      return;
    }
    this.#parts.push(Uint8Array.from(content));
    this.#isOver = isLast;
    if (isLast) this.#resolve(Buffer.concat(this.#parts));
    else this.#cancel = this.#expireAfter(PACKET_TIMEOUT_MS);
  }

  fail(reason: unknown): void {
    this.#isOver = true;
    this.#cancel();
    this.#parts.length = 0;
    this.#reject(reason);
  }

  #expireAfter(ms: number): () => void {
    return this.#clock.after(ms, () =>
      this.fail(
        new RollcallError('DEVICE_TIMEOUT', 'The fingerprint module stopped in the middle of its data'),
      ),
    );
  }
}
