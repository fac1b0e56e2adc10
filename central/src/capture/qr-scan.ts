import { RollcallError } from '@rollcall/protocol/errors';
import { isDatabaseTransient, isRolledBack } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import type { Log } from '../log.js';
import type { Judge } from '../marks/judge.js';
import type { Scan } from './qr-verdict.js';
import {
  answersTo,
  type Judged,
  receiptsOf,
  type Scanned,
  type TakenScans,
  takeScans,
} from './take-scans.js';

/** Scans that are committed together; what arrives meanwhile waits for the next commit. */
const BATCH_SCANS_MAX = 250;
/** Batches at once: while one waits for PostgreSQL, others use the processor here. */
const BATCHES_MAX = 3;
/** Fewer than this are not shared out between them, since each has a price of its own. */
const SHARED_SCANS_MIN = 32;
/** What one more batch beside another is worth; fewer wait for one to end. */
const BESIDE_SCANS_MIN = 8;
/** So few, with nobody behind them, are told their marks at once; of a burst everybody would wait for those of all. */
const JUDGED_SCANS_MAX = 8;
/** More than this is waiting: central is far behind, and a student who is told so scans again. */
const WAITING_SCANS_MAX = 20_000;

export interface ScanQueue {
  /** @throws RollcallError with the code of the refusal (domain cases 98–111) */
  scan(scan: Scan): Promise<Scanned>;
}

export interface ScanQueueOptions {
  /** Of connections that plan by index. */
  knex: Knex;
  judge: Pick<Judge, 'judgeThese' | 'wake'>;
  log: Pick<Log, 'error'>;
}

interface Waiting {
  scan: Scan;
  resolve(scanned: Scanned): void;
  reject(error: unknown): void;
}

/**
 * Scans that arrive together are checked and stored together. Some batches go on at once, of different students and phones, so that
 * none waits for rows of another; who came first stays first. Whoever scanned is answered once the scan is stored: its mark comes with
 * the answer in quiet moments, and soon after it in a burst.
 */
export function createScanQueue({ knex, judge, log }: ScanQueueOptions): ScanQueue {
  let waiting: Waiting[] = [];
  /** Students and phones of the batches that are running. */
  const busy = new Set<string>();
  let running = 0;
  /** Scans that might go, for all that is known: a long queue is not searched anew for each that arrives. */
  let untried = 0;
  let isWoken = false;

  /** A deadlock is over at the second try; a scan that can never be stored must fail alone. */
  async function take(batch: readonly Waiting[]): Promise<void> {
    const scans = batch.map(({ scan }) => scan);
    try {
      const taken = await takeScans(knex, scans).catch(() => takeScans(knex, scans));
      await answer(batch, taken);
    } catch (error) {
      const isAway = isDatabaseTransient(error) && !isRolledBack(error);
      if (batch.length > 1 && !isAway) for (const one of batch) await take([one]);
      else for (const one of batch) one.reject(error);
    }
  }

  /** What is stored is not refused any more, whatever fails: its mark comes with the judge. */
  async function answer(batch: readonly Waiting[], taken: TakenScans): Promise<void> {
    const answers = await answersTo(knex, taken, await judgeNow(taken)).catch((error: unknown) => {
      log.error(
        { err: error },
        'scans are stored, but their marks cannot be read; they are answered as pending',
      );
      return receiptsOf(taken);
    });
    for (const [index, one] of batch.entries()) {
      const told = answers[index] as Scanned | RollcallError;
      if (told instanceof RollcallError) one.reject(told);
      else one.resolve(told);
    }
    // Also of whoever scans again: the process that stored the first scan may not have come so far.
    if (answers.some((told) => !(told instanceof RollcallError) && told.mark === 'pending')) judge.wake();
  }

  async function judgeNow({ queued }: TakenScans): Promise<Judged> {
    if (queued.length > JUDGED_SCANS_MAX || waiting.length > 0 || running > 1) return 'none';
    return queued.length === 0 || (await judge.judgeThese(queued)) ? 'all' : 'some';
  }

  /**
   * In order of arrival, without what a running batch is busy with, and without whom somebody stands before: of two
   * students with one phone the second one's batch sees what became of the first (domain case 104).
   */
  function nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const before = new Set(busy);
    const ownerOf = new Map<string, string>();
    // All in one would leave the processor to PostgreSQL or to those who ask, and never to both.
    const share = Math.ceil(waiting.length / (BATCHES_MAX - running));
    const scansMax = Math.min(BATCH_SCANS_MAX, Math.max(SHARED_SCANS_MIN, share));
    for (const one of waiting) {
      const { studentId, deviceHash } = one.scan;
      const isSecond = (ownerOf.get(deviceHash) ?? studentId) !== studentId;
      const isBehind = before.has(studentId) || before.has(deviceHash) || isSecond;
      if (!isBehind && batch.length < scansMax) {
        batch.push(one);
        ownerOf.set(deviceHash, studentId);
      } else {
        left.push(one);
        before.add(studentId).add(deviceHash);
      }
    }
    const isWorthIt = batch.length >= (running === 0 ? 1 : BESIDE_SCANS_MIN);
    untried = isWorthIt ? left.length : batch.length;
    if (!isWorthIt) return [];
    waiting = left;
    return batch;
  }

  function startBatches(): void {
    isWoken = false;
    while (running === 0 || (running < BATCHES_MAX && untried >= BESIDE_SCANS_MIN)) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap(({ scan }) => [scan.studentId, scan.deviceHash]);
      for (const key of keys) busy.add(key);
      running += 1;
      void take(batch).finally(() => {
        for (const key of keys) busy.delete(key);
        running -= 1;
        untried = waiting.length;
        startBatches();
      });
    }
  }

  return {
    scan(scan) {
      if (waiting.length >= WAITING_SCANS_MAX) {
        return Promise.reject(
          new RollcallError('OVERLOADED', 'Too many scans at once; scan again in a few seconds'),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ scan, resolve, reject });
        untried += 1;
        // All that have arrived in this turn of the loop go together.
        if (isWoken) return;
        isWoken = true;
        setImmediate(startBatches);
      });
    },
  };
}
