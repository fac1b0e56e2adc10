import type { Clock } from '@rollcall/protocol/clock';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { createWaking, type Waking } from '../waking.js';
import { foldStatistics } from './fold.js';

/** Rows of the queue taken in one transaction; a burst of one pair is one change. */
const CHUNK_ROWS_MAX = 4_000;
const PAUSE_MS = 200;

export interface StatisticsKeeperOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  chunkRowsMax?: number;
}

/** Woken by marks that change; changes of a roster, a credit or a class wake nobody. What is left at a stop waits in the queue. */
export interface StatisticsKeeper extends Waking {
  /** Folds everything that waits, until it is stopped. @returns the number of rows taken from the queue */
  run(): Promise<number>;
}

/** Empties `statistics_todo`, behind the judge and never in its way; replicas take turns. */
export function createStatisticsKeeper({
  db,
  clock,
  log,
  chunkRowsMax = CHUNK_ROWS_MAX,
}: StatisticsKeeperOptions): StatisticsKeeper {
  let isStopping = false;

  async function run(): Promise<number> {
    let total = 0;
    while (!isStopping) {
      const taken = await foldStatistics(db.knex, chunkRowsMax, clock.wallMs());
      total += taken;
      if (taken < chunkRowsMax) break;
    }
    return total;
  }

  const waking = createWaking({
    clock,
    pauseMs: PAUSE_MS,
    run,
    // The rows went back to the queue with the transaction.
    onFailure: (error) => log.error({ err: error }, 'counting failed; it is tried again'),
  });
  return {
    ...waking,
    run,
    async stop() {
      isStopping = true;
      await waking.stop();
    },
  };
}
