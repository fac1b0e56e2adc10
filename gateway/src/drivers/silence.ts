import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

/**
 * The end of each silence, in which the event loop has to turn freely. What the device sent while we were busy
 * (an fsync takes longer than a frame) is read in this time, before the silence is believed.
 */
const FREE_MS = 10;
/** A timer this late shows that the loop was busy. */
const LATE_MS = 5;
/**
 * What was heard while the end of a silence was free is looked at when that end is over, and then needs one of its own:
 * a silence shorter than two of them would be noticed too late.
 */
const LIMIT_MIN_MS = 2 * FREE_MS;

export interface SilenceOptions {
  clock: Clock;
  /** At least `LIMIT_MIN_MS`. */
  limitMs: number;
  onSilent: () => void;
}

/**
 * Notices that a device has been silent for a while. The time between two reads does not tell: our own delay
 * is in it, and a tap must not be lost because the gateway was busy keeping the one before.
 */
export class Silence {
  readonly #options: SilenceOptions;
  #heardMonoMs = 0;
  #cancel: (() => void) | undefined;

  /** @throws RollcallError `INTERNAL` for a limit that is too short to be kept */
  constructor(options: SilenceOptions) {
    if (options.limitMs < LIMIT_MIN_MS) {
      throw new RollcallError(
        'INTERNAL',
        `A silence of ${options.limitMs} ms cannot be told from our own delay; wait at least ${LIMIT_MIN_MS} ms`,
      );
    }
    this.#options = options;
  }

  /** The device was heard now: the silence begins anew. A timer that runs already is kept; it looks when it is due. */
  restart(): void {
    this.#heardMonoMs = this.#options.clock.monoMs();
    if (this.#cancel === undefined) this.#look();
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    const { clock, limitMs } = this.#options;
    const waitMs = this.#heardMonoMs + limitMs - FREE_MS - clock.monoMs();
    if (waitMs > 0) this.#cancel = clock.after(waitMs, () => this.#look());
    else this.#confirm();
  }

  #confirm(): void {
    const { clock, onSilent } = this.#options;
    const heardMonoMs = this.#heardMonoMs;
    const dueMs = clock.monoMs() + FREE_MS;
    this.#cancel = clock.after(FREE_MS, () => {
      if (this.#heardMonoMs !== heardMonoMs) {
        this.#look();
        return;
      }
      if (clock.monoMs() > dueMs + LATE_MS) {
        this.#confirm();
        return;
      }
      this.#cancel = undefined;
      onSilent();
    });
  }
}
