import type { Clock } from '@rollcall/protocol/clock';
import { isRolledBack } from './db/connection.js';

/** Looks for work even if a notification was lost, and after a failure. */
const SAFETY_INTERVAL_MS = 5_000;

export interface WakingOptions {
  clock: Clock;
  /** Between the end of a run and the next: what a burst brings meanwhile is done together, at a fraction of what one by one costs. */
  pauseMs: number;
  /** @param isContinued whether it was asked for during the run before, or the pause after it */
  run(isContinued: boolean): Promise<unknown>;
  /**
   * Told why a run failed. The next one tries again: after the pause where it was only rolled back for somebody else, by the safety
   * interval if nobody asks before.
   */
  onFailure(error: unknown): void;
}

/** Runs one after the other, whenever somebody asks for one. */
export interface Waking {
  /** Asks for a run soon; any number of calls during a run mean one more. */
  wake(): void;
  /** Begins with a run; nobody's wake is heard before. */
  start(): void;
  /** Resolves after the run at hand. */
  stop(): Promise<void>;
}

export function createWaking({ clock, pauseMs, run, onFailure }: WakingOptions): Waking {
  let isStarted = false;
  let isWanted = false;
  let isPausing = false;
  let running: Promise<void> | undefined;
  let cancelPause: () => void = () => undefined;
  let cancelTimer: () => void = () => undefined;

  async function runOnce(isContinued: boolean): Promise<void> {
    isWanted = false;
    await run(isContinued).catch((error: unknown) => {
      isWanted ||= isRolledBack(error);
      onFailure(error);
    });
  }

  function begin(isContinued: boolean): void {
    running = runOnce(isContinued).finally(() => {
      running = undefined;
      if (isStarted) pause();
    });
  }

  function wake(): void {
    isWanted = true;
    if (isStarted && !isPausing && running === undefined) begin(false);
  }

  function pause(): void {
    isPausing = true;
    cancelPause = clock.after(pauseMs, () => {
      isPausing = false;
      if (isWanted) begin(true);
    });
  }

  function arm(): void {
    cancelTimer = clock.after(SAFETY_INTERVAL_MS, () => {
      wake();
      arm();
    });
  }

  return {
    wake,
    start() {
      isStarted = true;
      arm();
      wake();
    },
    async stop() {
      isStarted = false;
      cancelTimer();
      await running;
      cancelPause();
      isPausing = false;
    },
  };
}
