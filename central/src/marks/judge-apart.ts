import type { Clock } from '@rollcall/protocol/clock';
import { isDatabaseTransient, isRolledBack, sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import type { Log } from '../log.js';
import { withDependents } from './dependents.js';
import type { Widen } from './judge-pairs.js';
import type { Pair } from './pair.js';
import type { SetAside } from './set-aside.js';
import { byClass, isWaiting, type OfClass, type Taken, takeOfClass, takeThese } from './take-pairs.js';
import { listUnjudged, settleUnjudged, tellUnjudged, tellUnjudgedAgain } from './unjudged-items.js';

/** Open items of before a start, or of a replica that is no more, are looked for this often. */
const LOOK_FOR_ITEMS_MS = 3_600_000;
/** Open items looked at in one go; there is room for fewer. */
const ITEMS_MAX = 1_000;
/** PostgreSQL's `lock_not_available`. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** Whether a failure may be for what is to be judged: not for another transaction, nor for a database that is away. */
export const isOfClasses = (error: unknown): boolean =>
  !isRolledBack(error) && !isDatabaseTransient(error) && sqlState(error) !== LOCK_NOT_AVAILABLE;

export interface ApartOptions {
  knex: Knex;
  clock: Clock;
  log: Log;
  setAside: SetAside;
  chunkPairsMax: number;
  judgeTaken(trx: Knex, taken: Taken, widen: Widen): Promise<void>;
  isStopping(): boolean;
}

/** Judges classes each in a transaction of its own, so that one that cannot be judged holds up no other. */
export interface Apart {
  /**
   * Judges class by class what failed together; a class that fails also alone is set aside.
   *
   * @throws the failure of a class that there was no room to set aside, once the others are judged
   */
  judgeEach(failed: Taken, failure: unknown): Promise<void>;
  /** Tries the classes again that were set aside and whose time has come. @returns the number of rows it judged */
  retryDue(): Promise<number>;
}

export function createApart(options: ApartOptions): Apart {
  const { knex, clock, log, setAside, chunkPairsMax, judgeTaken, isStopping } = options;
  let lookForItemsMs = clock.monoMs();

  /** @returns the number of rows it judged; undefined for a class that is set aside */
  async function attempt(
    sessionId: string,
    take: (trx: Knex) => Promise<Taken>,
    widen: Widen,
  ): Promise<number | undefined> {
    let rows: number;
    try {
      rows = await knex.transaction(async (trx) => {
        await findByIndex(trx);
        const taken = await take(trx);
        await judgeTaken(trx, taken, widen);
        return taken.rows;
      });
    } catch (error) {
      if (!isOfClasses(error) || !setAside.fail(sessionId)) throw error;
      await tell(sessionId, error);
      return undefined;
    }
    if (setAside.has(sessionId)) await putBack(sessionId, rows > 0);
    return rows;
  }

  /** After the commit: whoever answers the item must not wait for the class, nor the class for them. */
  async function putBack(sessionId: string, wasJudged: boolean): Promise<void> {
    // What waits and could not be taken is being tried by another replica, which may fail.
    if (!wasJudged && (await isWaiting(knex, sessionId))) {
      setAside.fail(sessionId);
      return;
    }
    await settleUnjudged(knex, sessionId, new Date(clock.wallMs()));
    setAside.remove(sessionId);
  }

  async function tell(sessionId: string, error: unknown): Promise<void> {
    const now = new Date(clock.wallMs());
    if (setAside.wasTold(sessionId)) {
      if (await tellUnjudgedAgain(knex, sessionId, error, now)) logUnjudged(sessionId, error);
      return;
    }
    logUnjudged(sessionId, error);
    await tellUnjudged(knex, sessionId, error, now);
    setAside.told(sessionId);
  }

  const logUnjudged = (sessionId: string, error: unknown): void =>
    log.error(
      { err: error, sessionId },
      'a class session cannot be judged; others go on. Repair what the error names: it is tried again within an hour, and when central starts',
    );

  /**
   * What depends on the class is judged after it, each class again alone and without what depends on that: as it would have been
   * together, and an end to it is certain.
   */
  async function judgeClass(
    sessionId: string,
    take: (trx: Knex) => Promise<Taken>,
  ): Promise<number | undefined> {
    let dependents: OfClass[] = [];
    const rows = await attempt(sessionId, take, async (trx, pairs) => {
      const all = await withDependents(trx, pairs);
      dependents = await queueApart(
        trx,
        all.filter((pair) => pair.sessionId !== sessionId),
      );
      return pairs;
    });
    if (rows === undefined) return undefined;
    for (const [id, ids] of byClass(dependents)) {
      if (isStopping()) break;
      if (!setAside.has(id))
        await attempt(
          id,
          (trx) => takeThese(trx, ids),
          async (_trx, pairs) => pairs,
        );
    }
    return rows;
  }

  async function adoptItems(): Promise<void> {
    if (clock.monoMs() < lookForItemsMs) return;
    for (const id of await listUnjudged(knex, ITEMS_MAX)) setAside.adopt(id);
    lookForItemsMs = clock.monoMs() + LOOK_FOR_ITEMS_MS;
  }

  return {
    async judgeEach(failed, failure) {
      log.warn({ err: failure }, 'class sessions could not be judged together; each is judged alone');
      let left: { error: unknown } | undefined;
      for (const [sessionId, ids] of failed.idsByClass()) {
        if (isStopping()) return;
        await judgeClass(sessionId, (trx) => takeThese(trx, ids)).catch((error: unknown) => {
          if (!isOfClasses(error)) throw error;
          left ??= { error };
        });
      }
      if (left !== undefined) throw left.error;
    },
    async retryDue() {
      await adoptItems();
      let rows = 0;
      for (const id of setAside.due()) {
        if (isStopping()) break;
        rows += (await judgeClass(id, (trx) => takeOfClass(trx, id, chunkPairsMax))) ?? 0;
      }
      return rows;
    },
  };
}

/** Leaves what depends on the pairs in the queue where its class is set aside: it waits there with it. */
export function createWiden(setAside: SetAside): Widen {
  return async (trx, pairs) => {
    const all = await withDependents(trx, pairs);
    if (setAside.ids.length === 0) return all;
    const own = new Set(pairs.map(({ sessionId }) => sessionId));
    const isLeft = ({ sessionId }: Pair): boolean => !own.has(sessionId) && setAside.has(sessionId);
    await queueApart(trx, all.filter(isLeft));
    return all.filter((pair) => !isLeft(pair));
  };
}

/** Nobody is woken for it: whoever queues it takes it next, or it waits with its class. */
async function queueApart(trx: Knex, pairs: readonly Pair[]): Promise<OfClass[]> {
  if (pairs.length === 0) return [];
  const { rows } = await prepared<{ rows: OfClass[] }>(
    trx,
    `INSERT INTO judgement_todo (session_id, student_id) SELECT * FROM unnest(?::uuid[], ?::uuid[])
     RETURNING id, session_id`,
    [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)],
  );
  return rows;
}
