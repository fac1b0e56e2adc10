import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { createUuidV7Generator, uuidV7Schema } from '@rollcall/protocol/uuid-v7';
import type { Log } from '../log.js';
import { BALLAST_FILE } from './ballast.js';
import { DeviceState } from './device-state.js';
import { lockStore } from './lock.js';
import { Meta } from './meta.js';
import { findHindrance, isOurs, migrate } from './migrate.js';
import { type Database, hasSqliteCode, isDamage, isNoRoom, openDatabase, openForInspection } from './open.js';
import { Outbox } from './outbox.js';
import { eventRow, punchIdOf, type RowStamp } from './outbox-row.js';
import { DAMAGE_MARK, finishReplacement, type Replacement, STORE_FILE, setAside } from './replace.js';

export interface StoreOptions {
  dataDir: string;
  clock: Clock;
  log: Log;
  stamp: () => RowStamp;
  newStoreId?: () => string;
}

/** An open, checked store. The writer is its only writer of rows. */
export interface Store {
  readonly db: Database;
  readonly meta: Meta;
  readonly outbox: Outbox;
  readonly deviceState: DeviceState;
  readonly storeId: string;
  /** Set when this start found the database damaged and replaced it. */
  readonly replacement: Replacement | undefined;
  newPunchId(): string;
  /** Makes the next start replace the store, whatever its quick check says. */
  markDamaged(): void;
  close(): void;
}

/**
 * Opens the store of a data directory: takes the lock, checks the database, and replaces a damaged one instead
 * of failing, so that no damage can keep a building from recording (edge §4.4).
 *
 * @throws RollcallError `STORE_LOCKED`, `STORE_TOO_NEW` or `CONFIG_INVALID`.
 */
export function openStore(options: StoreOptions): Store {
  makeDirectory(options.dataDir);
  try {
    return openLocked(options);
  } catch (error) {
    if (!isNoRoom(error) && (error as { code?: unknown }).code !== 'ENOSPC') throw error;
    // Even opening writes a little. A gateway that restarts on a full disk lives on its ballast.
    options.log.error({ code: 'STORE_FULL' }, 'the disk is full: opening the store without its ballast');
    rmSync(join(options.dataDir, BALLAST_FILE), { force: true });
    return openLocked(options);
  }
}

function openLocked(options: StoreOptions): Store {
  const { dataDir, log } = options;
  const lock = lockStore(dataDir);
  try {
    const { db, replacement } = openChecked(options);
    const meta = new Meta(db);
    const outbox = new Outbox(db);
    const storeId = ensureStoreId(db, meta, options.newStoreId ?? randomUUID);
    declareLost(db, { outbox, meta, options });
    if (replacement !== undefined) {
      log.error({ code: 'STORE_REPLACED', ...replacement }, 'the store was damaged and a new one took over');
    }
    return {
      db,
      meta,
      outbox,
      deviceState: new DeviceState(db),
      storeId,
      replacement,
      newPunchId: punchIds({ outbox, meta, clock: options.clock }),
      markDamaged: () => writeFileSync(join(dataDir, DAMAGE_MARK), ''),
      close: () => {
        db.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `gateway.data_dir ${dataDir} cannot be made; choose a writable place`,
      {
        cause,
      },
    );
  }
}

function openChecked(options: StoreOptions): { db: Database; replacement: Replacement | undefined } {
  const { dataDir, clock, log } = options;
  const replace = { dataDir, stamp: options.stamp, newStoreId: options.newStoreId ?? randomUUID };
  let replacement = finishReplacement(replace);
  const file = join(dataDir, STORE_FILE);
  const damage = findDamage(dataDir, file);
  if (damage !== undefined) {
    log.error({ code: 'STORE_CORRUPT', damage }, 'the store is damaged; moving it aside as evidence');
    setAside(dataDir, clock.wallMs());
    replacement = finishReplacement(replace);
  }
  const db = openDatabase(file);
  try {
    migrate(db);
  } catch (error) {
    db.close();
    throw error;
  }
  return { db, replacement };
}

/** What is wrong with the database, in words; undefined when it can be used. */
function findDamage(dataDir: string, file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  if (existsSync(join(dataDir, DAMAGE_MARK))) return 'the running gateway met damage';
  let db: Database | undefined;
  try {
    db = openForInspection(file);
    if (!isOurs(db)) return 'the file is the database of another program';
    const verdict = db.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') return `quick check: ${String(verdict)}`;
    if (db.pragma('user_version', { simple: true }) === 0) return undefined;
    const hindrance = findHindrance(db);
    if (hindrance !== undefined) return hindrance;
    // Asks for nothing yet: an outbox whose columns have other names cannot be asked.
    new Outbox(db);
    return new Meta(db).number('rolled_back') === 1 ? 'the disk went back to an older state' : undefined;
  } catch (error) {
    if (isRollcallError(error) || isNoRoom(error)) throw error;
    // A read error of the disk is damage too: waiting would not bring the page back.
    if (isDamage(error) || hasSqliteCode(error, 'SQLITE_IOERR', 'SQLITE_ERROR')) return String(error);
    throw error;
  } finally {
    db?.close();
  }
}

function ensureStoreId(db: Database, meta: Meta, newStoreId: () => string): string {
  const known = meta.text('store_id');
  if (known !== undefined) return known;
  const storeId = newStoreId();
  db.transaction(() => meta.set('store_id', storeId))();
  return storeId;
}

interface LostParts {
  outbox: Outbox;
  meta: Meta;
  options: StoreOptions;
}

/** Says once which unacked seqs are gone, so that central need not wait for them (design §5). */
function declareLost(db: Database, { outbox, meta, options }: LostParts): void {
  const afterSeq = Math.max(meta.number('acked_seq'), meta.number('declared_lost_through'));
  const gaps = outbox.gaps(afterSeq);
  if (gaps.length === 0) return;
  options.log.error({ code: 'SEQ_LOST', gaps: gaps.slice(0, 10) }, 'rows are missing from the store');
  db.transaction(() => {
    for (const gap of gaps) {
      outbox.insert(
        eventRow(options.stamp(), {
          type: 'seq_lost',
          from_seq: gap.fromSeq,
          through_seq: gap.throughSeq,
          reason: 'the rows were missing when the store was opened',
        }),
      );
    }
    meta.set('declared_lost_through', gaps.at(-1)?.throughSeq ?? 0);
  })();
}

/** Ids go on after the highest one ever given here, so that a clock that starts in 1970 breaks no order. */
function punchIds({ outbox, meta, clock }: { outbox: Outbox; meta: Meta; clock: Clock }): () => string {
  const last = [meta.text('last_punch_id'), punchIdOf(outbox.lastPunchBody())]
    .filter((id) => uuidV7Schema.safeParse(id).success)
    .sort()
    .at(-1);
  return createUuidV7Generator({
    wallMs: () => clock.wallMs(),
    randomUuid: randomUUID,
    after: last,
  });
}
