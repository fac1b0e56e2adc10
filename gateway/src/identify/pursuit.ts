import type { Clock } from '@rollcall/protocol/clock';
import { type ErrorCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { Log } from '../log.js';

const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 600_000;

export interface PursuitOptions<Wanted> {
  clock: Clock;
  log: Log;
  random?: (() => number) | undefined;
  isDone(wanted: Wanted): boolean;
  take(wanted: Wanted, signal: AbortSignal): Promise<void>;
  /** It is taken, and nothing newer is wanted. */
  onTaken?(wanted: Wanted): void;
  /** How a failure that nobody foresaw is told. */
  unforeseen: { code: ErrorCode; message: string };
  /** What a failure means for now, for the log. */
  meanwhile: string;
  /** What keeps it away, or undefined once nothing does. */
  onProblem?: ((problem: RollcallError | undefined) => void) | undefined;
}

/** Goes after the newest thing that central offers, one at a time, and tries again for ever, ever less often. */
export class Pursuit<Wanted> {
  readonly #options: PursuitOptions<Wanted>;
  readonly #abort = new AbortController();
  #wanted: Wanted | undefined;
  #isRunning = false;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(options: PursuitOptions<Wanted>) {
    this.#options = options;
  }

  async follow(wanted: Wanted): Promise<void> {
    this.#wanted = wanted;
    this.#failures = 0;
    await this.#run();
  }

  stop(): void {
    this.#abort.abort();
    this.#cancelRetry?.();
  }

  async #run(): Promise<void> {
    this.#cancelRetry?.();
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { isDone, take, onTaken, onProblem } = this.#options;
    try {
      let wanted = this.#wanted;
      while (wanted !== undefined && !isDone(wanted)) {
        await take(wanted, this.#abort.signal);
        // A newer one may have come meanwhile.
        if (this.#wanted === wanted) onTaken?.(wanted);
        wanted = this.#wanted;
      }
      this.#failures = 0;
      onProblem?.(undefined);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
    }
  }

  #fail(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const { clock, log, random = Math.random, unforeseen, meanwhile, onProblem } = this.#options;
    const problem = isRollcallError(error)
      ? error
      : new RollcallError(unforeseen.code, unforeseen.message, { cause: error });
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#failures) * (0.5 + random() / 2);
    this.#failures += 1;
    log.warn({ code: problem.code, err: problem, retryInMs: Math.round(delayMs) }, meanwhile);
    onProblem?.(problem);
    this.#cancelRetry = clock.after(delayMs, () => void this.#run());
  }
}
