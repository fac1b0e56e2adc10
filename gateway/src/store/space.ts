import type { Log } from '../log.js';
import type { Ballast } from './ballast.js';
import { type DiskSpace, diskLevel, type ReadDisk } from './disk.js';
import type { Database } from './open.js';

/** The ballast comes back only when this many times its size is free, so that it does not fill the disk again. */
const REFILL_FACTOR = 3;
/**
 * Pages of log between checkpoints. On the last free bytes the log has to stay short: folding it back needs
 * room for the file to grow, and a log that took everything could never be folded.
 */
const CHECKPOINT_PAGES = { normal: 1_000, full: 32 } as const;

export interface SpaceOptions {
  db: Database;
  ballast: Ballast;
  ballastBytes: number;
  readDisk: ReadDisk;
  log: Log;
  /** Deletes some rows that central has; returns how many. */
  dropAcked: () => number;
}

/** Finds room when the disk is full, and takes the reserve back when it no longer is. */
export class Space {
  readonly #options: SpaceOptions;

  constructor(options: SpaceOptions) {
    this.#options = options;
  }

  disk(): DiskSpace {
    return this.#options.readDisk();
  }

  level(): 'ok' | 'amber' | 'short' {
    return diskLevel(this.disk());
  }

  /** Called between a failed commit and its one retry. */
  makeRoom(): void {
    const { ballast, db, dropAcked, log } = this.#options;
    if (ballast.release())
      log.warn({ code: 'STORE_FULL' }, 'the disk is full: the ballast file was given up');
    attempt(() => db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES.full}`));
    attempt(() => db.pragma('wal_checkpoint(TRUNCATE)'));
    attempt(dropAcked);
    attempt(() => db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  /** Makes the ballast again once there is plenty of room. True while it is there. */
  async restoreReserve(): Promise<boolean> {
    const { ballast, ballastBytes, db, log } = this.#options;
    if (ballast.isReady) return true;
    if (this.disk().freeBytes < ballastBytes * REFILL_FACTOR) return false;
    if (!(await ballast.create())) return false;
    if (db.open) db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES.normal}`);
    log.info({ ballastBytes }, 'the ballast file is in place');
    return true;
  }
}

function attempt(step: () => unknown): void {
  try {
    step();
  } catch {
    // Each step may itself need room that is not there; the retry of the commit is what decides.
  }
}
