import type { Clock } from '@rollcall/protocol/clock';
import { sqlState } from '../db/connection.js';
import type { Database, Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import type { Log } from '../log.js';
import { createWaking, type Waking } from '../waking.js';
import { createApart, createWiden, isOfClasses, LOCK_NOT_AVAILABLE } from './judge-apart.js';
import { judgePairs, type Widen } from './judge-pairs.js';
import { createSetAside } from './set-aside.js';
import { SHARES, type Taken, takePairs, takeThese, type Where } from './take-pairs.js';

/**
 * Pairs taken in one transaction; many of one burst are the same pair and are judged once. More cost hardly less each, and no scan is
 * taken while they are decided.
 */
const CHUNK_PAIRS_MAX = 1_000;
/** Between two runs that were asked for: what scans bring meanwhile is judged together. */
const PAUSE_MS = 50;
/** How long somebody who waits for the answer waits for a class that another transaction holds. */
const LOCK_WAIT_MS = 250;
/** Judges of a burst: PostgreSQL reads for two while the third decides. */
const JUDGES_OF_BURST = 3;

export interface JudgeOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  /** Told how many pairs each transaction judged and how many records it changed. */
  onJudged?: (pairs: number, changed: number) => void;
  chunkPairsMax?: number;
  /** Classes that there is room to set aside. */
  setAsideMax?: number;
}

/** Woken by everything that queues pairs. What is left at a stop waits in the queue. */
export interface Judge extends Waking {
  /**
   * Judges everything that waits, until it is stopped, but for classes that cannot be judged: their rows stay in the queue.
   *
   * @returns the number of rows taken from the queue, also where some went back to it
   */
  run(): Promise<number>;
  /**
   * Judges these rows of the queue for somebody who waits: without a pause, and not for long where their class is held.
   *
   * @returns whether all of them are judged; what another judge has taken, or what fails, is judged soon
   */
  judgeThese(ids: readonly number[]): Promise<boolean>;
}

/**
 * Empties `judgement_todo`; any number of judges, in any number of replicas, share the work. A class that fails is set aside for a
 * while, so that it holds up no other (ADR 74).
 */
export function createJudge({
  db,
  clock,
  log,
  onJudged,
  chunkPairsMax = CHUNK_PAIRS_MAX,
  setAsideMax,
}: JudgeOptions): Judge {
  let isStopping = false;
  let wasBurst = false;
  const setAside = createSetAside(clock, setAsideMax);
  const widen = createWiden(setAside);
  const apart = createApart({
    knex: db.knex,
    clock,
    log,
    setAside,
    chunkPairsMax,
    judgeTaken,
    isStopping: () => isStopping,
  });

  async function judgeTaken(trx: Knex, { rows, pairs, actors }: Taken, toWiden: Widen): Promise<void> {
    if (rows === 0) return;
    const changed = await judgePairs(trx, pairs, clock.wallMs(), { actorsOf: () => actors, widen: toWiden });
    onJudged?.(rows, changed.length);
  }

  /** @returns what it took; of that the rows of a class that cannot be judged are in the queue again, and left out from now on */
  async function judgeSome(where: Where): Promise<Pick<Taken, 'rows' | 'lastId'>> {
    let taken: Taken | undefined;
    try {
      return await db.knex.transaction(async (trx) => {
        await findByIndex(trx);
        taken = await takePairs(trx, chunkPairsMax, where, setAside.ids);
        await judgeTaken(trx, taken, widen);
        return taken;
      });
    } catch (error) {
      if (taken === undefined || !isOfClasses(error)) throw error;
      await apart.judgeEach(taken, error);
      return taken;
    }
  }

  async function judgeThese(ids: readonly number[]): Promise<boolean> {
    try {
      return await db.knex.transaction(async (trx) => {
        await findByIndex(trx);
        await prepared(trx, `SELECT set_config('lock_timeout', '${LOCK_WAIT_MS}', true)`);
        const taken = await takeThese(trx, ids, setAside.ids);
        await judgeTaken(trx, taken, widen);
        return taken.rows === ids.length;
      });
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) tellFailure(error);
      waking.wake();
      return false;
    }
  }

  /**
   * Takes of one part after the other, whichever no other judge has. Of each from where it was, and once more from the
   * beginning: a row may be committed after others with a higher id. A part that is empty is looked at again in its turn, so that
   * what comes for it does not wait for one that never is. Where all together have less than one judge takes at once, one judge is
   * cheaper.
   */
  async function judgeParts(burst: Burst): Promise<number> {
    let total = 0;
    while (!isStopping && burst.littleInARow < SHARES.length) {
      const part = burst.parts.shift();
      if (part === undefined) break;
      const { rows, lastId } = await judgeSome(part);
      total += rows;
      burst.littleInARow = rows < chunkPairsMax / SHARES.length ? burst.littleInARow + 1 : 0;
      burst.parts.push({ ...part, afterId: rows === 0 ? 0 : lastId });
      if (rows >= chunkPairsMax) burst.join();
    }
    return total;
  }

  /** Judges leave where little is left: whoever finds much after that asks for another. */
  async function judgeBurst(): Promise<number> {
    const judges: Promise<void>[] = [];
    const failures: unknown[] = [];
    let active = 0;
    let total = 0;
    const work = async (): Promise<void> => {
      active += 1;
      try {
        const pairs = await judgeParts(burst);
        total += pairs;
      } catch (failure) {
        failures.push(failure);
      } finally {
        active -= 1;
      }
    };
    const burst: Burst = {
      parts: SHARES.map((share) => ({ shares: [share], afterId: 0 })),
      littleInARow: 0,
      join() {
        if (active < JUDGES_OF_BURST) judges.push(work());
      },
    };
    for (let judge = 0; judge < JUDGES_OF_BURST; judge++) burst.join();
    // Those who join meanwhile are waited for, too.
    for (const judge of judges) await judge;
    if (failures.length > 1) throw new AggregateError(failures, 'more than one judge of a burst failed');
    if (failures.length === 1) throw failures[0];
    return total;
  }

  /**
   * Judges what is there by now. A burst that is there at the first look has several judges. What begins small grows by what people
   * do meanwhile, and more judges would take the processor from them: one works at it to the end.
   */
  async function judgeWaiting(maySeveral: boolean): Promise<number> {
    const all: Where = { shares: SHARES, afterId: 0 };
    let total = await apart.retryDue();
    if (isStopping) return total;
    let { rows } = await judgeSome(all);
    total += rows;
    wasBurst = maySeveral && rows >= chunkPairsMax;
    if (wasBurst) total += await judgeBurst();
    while (rows >= chunkPairsMax && !isStopping) {
      rows = (await judgeSome(all)).rows;
      total += rows;
    }
    return total;
  }

  async function run(): Promise<number> {
    let total = 0;
    for (let rows = await judgeWaiting(true); rows > 0 && !isStopping; rows = await judgeWaiting(false))
      total += rows;
    return total;
  }

  // The pairs went back to the queue with the transaction.
  const tellFailure = (error: unknown): void =>
    log.error({ err: error }, 'judging failed; it is tried again');

  const waking = createWaking({
    clock,
    pauseMs: PAUSE_MS,
    run: (isContinued) => judgeWaiting(!isContinued || wasBurst),
    onFailure: tellFailure,
  });
  return {
    ...waking,
    run,
    judgeThese,
    async stop() {
      isStopping = true;
      await waking.stop();
    },
  };
}

interface Burst {
  /** That no judge has taken. */
  parts: Where[];
  /** Looks at a part that found less than its share of what one judge takes at once, since one found more. */
  littleInARow: number;
  /** Begins another judge, if there are not enough. */
  join(): void;
}
