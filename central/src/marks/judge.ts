import type { Clock } from '@rollcall/protocol/clock';
import type { Database, Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import type { Log } from '../log.js';
import { judgePairs } from './judge-pairs.js';
import { type Pair, pairKey } from './pair.js';

/**
 * Pairs taken in one transaction; many of one burst are the same pair and are judged once. Four thousand would cost some
 * percent less each, but no scan is taken while they are decided.
 */
const CHUNK_PAIRS_MAX = 1_000;
/** Looks for work even if a notification was lost, and after a failure. */
const SAFETY_INTERVAL_MS = 5_000;

/** Judges of a burst: PostgreSQL reads for two while the third decides. */
const JUDGES_OF_BURST = 3;
/**
 * Parts of all classes, by the last bits of their ids: of the same classes one judge would only wait for what another
 * holds. More than there are judges, so that at the end of a burst none has much left while the others have nothing; not many
 * more, so that a look at one finds nearly as much as is judged at once: each look has a price of its own.
 */
const SHARES = Array.from({ length: 4 }, (_, share) => share);

export interface JudgeOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  /** Told how many pairs each transaction judged and how many records it changed. */
  onJudged?: (pairs: number, changed: number) => void;
  chunkPairsMax?: number;
}

export interface Judge {
  /** Judges everything that waits, until it is stopped. @returns the number of pairs taken from the queue */
  run(): Promise<number>;
  /** Asks for a run soon; any number of calls during a run mean one more. */
  wake(): void;
  start(): void;
  /** Resolves after the transaction at hand; the rest waits in the queue. */
  stop(): Promise<void>;
}

/** Empties `judgement_todo`; any number of judges, in any number of replicas, share the work. */
export function createJudge({
  db,
  clock,
  log,
  onJudged,
  chunkPairsMax = CHUNK_PAIRS_MAX,
}: JudgeOptions): Judge {
  let isStarted = false;
  let isStopping = false;
  let isWanted = false;
  let running: Promise<void> | undefined;
  let cancelTimer: () => void = () => undefined;

  function judgeSome(where: Where): Promise<Taken> {
    return db.knex.transaction(async (trx) => {
      await findByIndex(trx);
      const taken = await takePairs(trx, chunkPairsMax, where);
      if (taken.pairs.length === 0) return taken;
      const changed = await judgePairs(trx, distinct(taken.pairs), clock.wallMs());
      onJudged?.(taken.pairs.length, changed.length);
      return taken;
    });
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
      const { pairs, lastId } = await judgeSome(part);
      total += pairs.length;
      burst.littleInARow = pairs.length < chunkPairsMax / SHARES.length ? burst.littleInARow + 1 : 0;
      burst.parts.push({ ...part, afterId: pairs.length === 0 ? 0 : lastId });
      if (pairs.length >= chunkPairsMax) burst.join();
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
   * A burst that is there at the first look has several judges. What begins small grows by what people do meanwhile, and more
   * judges would take the processor from them: one works at it to the end.
   */
  async function run(): Promise<number> {
    const all: Where = { shares: SHARES, afterId: 0 };
    let taken = (await judgeSome(all)).pairs.length;
    let total = taken;
    if (taken >= chunkPairsMax) total += await judgeBurst();
    while (taken > 0 && !isStopping) {
      taken = (await judgeSome(all)).pairs.length;
      total += taken;
    }
    return total;
  }

  async function runWanted(): Promise<void> {
    while (isWanted && isStarted) {
      isWanted = false;
      try {
        await run();
      } catch (error) {
        // The pairs went back to the queue with the transaction; the safety timer comes for them.
        log.error({ err: error }, 'judging failed; it is tried again');
      }
    }
  }

  function wake(): void {
    isWanted = true;
    if (!isStarted || running !== undefined) return;
    running = runWanted().finally(() => {
      running = undefined;
      if (isWanted && isStarted) wake();
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
    },
  };
}

interface Where {
  shares: readonly number[];
  /** What was taken before lies before it: its rows are not read again, nor those of other shares. */
  afterId: number;
}

interface Burst {
  /** That no judge has taken. */
  parts: Where[];
  /** Looks at a part that found less than its share of what one judge takes at once, since one found more. */
  littleInARow: number;
  /** Begins another judge, if there are not enough. */
  join(): void;
}

interface Taken {
  pairs: Pair[];
  lastId: number;
}

/**
 * Takes what nobody else is taking; a failed transaction puts it back. A row of the queue is never changed: it is deleted
 * where it was found.
 */
async function takePairs(trx: Knex, limit: number, { shares, afterId }: Where): Promise<Taken> {
  const { rows } = await prepared<{ rows: { id: number; session_id: string; student_id: string }[] }>(
    trx,
    `DELETE FROM judgement_todo WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM judgement_todo WHERE id > ? AND get_byte(uuid_send(session_id), 15) % ${SHARES.length} = ANY(?::int[])
       ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED))
     RETURNING id, session_id, student_id`,
    [afterId, shares, limit],
  );
  return {
    pairs: rows.map((row) => ({ sessionId: row.session_id, studentId: row.student_id })),
    lastId: rows.reduce((last, { id }) => Math.max(last, id), afterId),
  };
}

function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
}
