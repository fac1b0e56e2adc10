import { ManualClock } from '@rollcall/protocol/manual-clock';

/** A clock on which the event loop can be held up, as an fsync does: what falls due meanwhile comes late. */
export class BusyClock extends ManualClock {
  #late: (() => void)[] | undefined;

  override after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancelTimer = super.after(delayMs, () => {
      const run = (): void => {
        if (!isCancelled) callback();
      };
      if (this.#late === undefined) run();
      else this.#late.push(run);
    });
    return () => {
      isCancelled = true;
      cancelTimer();
    };
  }

  /** The loop stands still for this long; then the late timers come, and only after them what was sent. */
  block(byMs: number): void {
    const late: (() => void)[] = [];
    this.#late = late;
    this.advance(byMs);
    this.#late = undefined;
    for (const run of late) run();
  }
}
