/** One after the other: looks for a finger, lights and operations of one module never mix on its line. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #settle: () => Promise<void> = () => Promise.resolve();
  /** A question went without its answer: whoever answers the next one may be another module. */
  isUnsettled = false;
  /** That question was followed by silence: the module may have been taken away. */
  wasSilent = false;

  /** A question got no answer at all. */
  noteSilence(): void {
    this.isUnsettled = true;
    this.wasSilent = true;
  }

  /** The module is the one that the connection began with. */
  noteSettled(): void {
    this.isUnsettled = false;
    this.wasSilent = false;
  }

  /** A turn begins with this where something is unsettled, and fails where this fails. */
  settleBy(settle: () => Promise<void>): void {
    this.#settle = settle;
  }

  /**
   * Runs `work` when everything before it has ended, however that ended: an operation that waited behind an unanswered
   * look must not happen to another module.
   */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.isUnsettled) await this.#settle();
      return work();
    });
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}

/**
 * Rejects as soon as the signal is aborted. The work itself goes on to where the module can be left (the rest of a
 * picture that it sends), and keeps its turn until then.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Where operations of a module happen. */
export interface TurnedLine {
  readonly turns: Turns;
  readonly closed: AbortSignal;
  quiet(): Promise<void>;
}

/** One operation at a time; it ends at once when it is cancelled or the connection ends. */
export function inTurn<T>(
  line: TurnedLine,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { closed, turns } = line;
  const either = signal === undefined ? closed : AbortSignal.any([signal, closed]);
  const turn = turns.take(async () => {
    either.throwIfAborted();
    try {
      return await work(either);
    } catch (error) {
      // Whatever is still being sent must not be taken for the answer to the next question.
      if (!closed.aborted) await line.quiet();
      throw error;
    }
  });
  return abortable(turn, either);
}
