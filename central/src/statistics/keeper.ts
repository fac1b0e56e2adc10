import type { Clock } from '@rollcall/protocol/clock';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { foldStatistics } from './fold.js';

/** Rows of the queue taken in one transaction; a burst of one pair is one change. */
const CHUNK_ROWS_MAX = 4_000;
/** Changes of a roster, a credit or a class wake nobody, and a failure has to be made good. */
const SAFETY_INTERVAL_MS = 5_000;
/** Between two runs: what a burst of scans brings meanwhile is counted together, at a fraction of what one by one costs. */
const PAUSE_MS = 200;

export interface StatisticsKeeperOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  chunkRowsMax?: number;
}

export interface StatisticsKeeper {
  /** Folds everything that waits, until it is stopped. @returns the number of rows taken from the queue */
  run(): Promise<number>;
  /** Asks for a run soon; any number of calls during a run mean one more. */
  wake(): void;
  start(): void;
  /** Resolves after the transaction at hand; the rest waits in the queue. */
  stop(): Promise<void>;
}

/** Empties `statistics_todo`, behind the judge and never in its way; replicas take turns. */
export function createStatisticsKeeper({
  db,
  clock,
  log,
  chunkRowsMax = CHUNK_ROWS_MAX,
}: StatisticsKeeperOptions): StatisticsKeeper {
  let isStarted = false;
  let isStopping = false;
  let isWanted = false;
  let isPausing = false;
  let running: Promise<void> | undefined;
  let cancelPause: () => void = () => undefined;
  let cancelTimer: () => void = () => undefined;

  async function run(): Promise<number> {
    let total = 0;
    while (!isStopping) {
      const taken = await foldStatistics(db.knex, chunkRowsMax, clock.wallMs());
      total += taken;
      if (taken < chunkRowsMax) break;
    }
    return total;
  }

  async function runOnce(): Promise<void> {
    isWanted = false;
    try {
      await run();
    } catch (error) {
      // The rows went back to the queue with the transaction; the safety timer comes for them.
      log.error({ err: error }, 'counting failed; it is tried again');
    }
  }

  function wake(): void {
    isWanted = true;
    if (!isStarted || isPausing || running !== undefined) return;
    running = runOnce().finally(() => {
      running = undefined;
      if (isStarted) pause();
    });
  }

  function pause(): void {
    isPausing = true;
    cancelPause = clock.after(PAUSE_MS, () => {
      isPausing = false;
      if (isWanted) wake();
    });
  }

  function arm(): void {
    cancelTimer = clock.after(SAFETY_INTERVAL_MS, () => {
      wake();
      arm();
    });
  }

  return {
    run,
    wake,
    start() {
      isStarted = true;
      arm();
      wake();
    },
    async stop() {
      isStarted = false;
      isStopping = true;
      cancelTimer();
      await running;
      cancelPause();
    },
  };
}
