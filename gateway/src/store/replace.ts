import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from './directory.js';
import { Meta } from './meta.js';
import { migrate } from './migrate.js';
import { type Database, openDatabase } from './open.js';
import { Outbox } from './outbox.js';
import { eventRow, type RowStamp } from './outbox-row.js';
import { type Salvage, salvage } from './salvage.js';

export const STORE_FILE = 'outbox.db';
/** Left by a running gateway that met damage which the quick check of the next start may not see. */
export const DAMAGE_MARK = 'outbox.damaged';
const EVIDENCE = 'evidence';
const PENDING = '.pending';
const SUFFIXES = ['', '-wal', '-shm'] as const;

export interface Replacement {
  previousStoreId: string | null;
  salvagedRows: number;
  lostRows: number | null;
  evidence: string;
}

export interface ReplaceOptions {
  dataDir: string;
  newStoreId: () => string;
  stamp: () => RowStamp;
}

/**
 * Moves the damaged database aside. The database goes first: from then on the next start finds it missing and
 * the evidence pending, and carries on here, whatever the crash left where.
 */
export function setAside(dataDir: string, wallMs: number): void {
  const name = `${new Date(wallMs).toISOString().replaceAll(':', '')}-${countEvidence(dataDir)}`;
  const directory = join(dataDir, EVIDENCE, name + PENDING);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  moveInto(dataDir, directory);
}

/** Builds the new store from pending evidence, if there is any; safe to repeat after a crash at any line. */
export function finishReplacement(options: ReplaceOptions): Replacement | undefined {
  const { dataDir } = options;
  const name = pendingEvidence(dataDir);
  if (name === undefined) return undefined;
  const directory = join(dataDir, EVIDENCE, name);
  const store = join(dataDir, STORE_FILE);
  let replacement: Replacement | undefined;
  if (!existsSync(store) || !existsSync(join(directory, STORE_FILE))) {
    moveInto(dataDir, directory);
    replacement = build(options, directory);
  }
  rmSync(join(dataDir, DAMAGE_MARK), { force: true });
  renameSync(directory, directory.slice(0, -PENDING.length));
  syncDirectory(join(dataDir, EVIDENCE));
  return replacement;
}

function build(options: ReplaceOptions, directory: string): Replacement {
  const { dataDir } = options;
  const found = salvageCopy(directory);
  const building = join(dataDir, `${STORE_FILE}.new`);
  removeDatabase(building);
  const db = openDatabase(building);
  try {
    migrate(db);
    db.transaction(() => fill(db, found, options))();
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
  renameSync(building, join(dataDir, STORE_FILE));
  syncDirectory(dataDir);
  return {
    previousStoreId: found.previousStoreId,
    salvagedRows: found.rows.length,
    lostRows: found.lostRows,
    evidence: directory.slice(0, -PENDING.length),
  };
}

function fill(db: Database, found: Salvage, { newStoreId, stamp }: ReplaceOptions): void {
  const outbox = new Outbox(db);
  const meta = new Meta(db);
  meta.set('store_id', newStoreId());
  // A will of the lost store's last connection must not pass for newer than the next birth.
  meta.set('uplink_session', found.uplinkSession);
  if (found.lastPunchId !== undefined) meta.set('last_punch_id', found.lastPunchId);
  const event = eventRow(stamp(), {
    type: 'store_replaced',
    previous_store_id: found.previousStoreId,
    salvaged_rows: found.rows.length,
    lost_unacked_rows: found.lostRows,
  });
  outbox.insert(event);
  for (const row of found.rows) outbox.insertText(row.kind, row.body, row.createdWallMs);
}

/** Reads a copy, so that the evidence stays byte for byte; reads the evidence itself where no copy fits. */
function salvageCopy(directory: string): Salvage {
  const copy = join(directory, 'salvage.db');
  try {
    for (const suffix of SUFFIXES.slice(0, 2)) {
      const source = join(directory, STORE_FILE + suffix);
      if (existsSync(source)) copyFileSync(source, copy + suffix);
    }
  } catch {
    // A full disk must not cost the rows.
    removeDatabase(copy);
    return salvage(join(directory, STORE_FILE));
  }
  const found = salvage(copy);
  removeDatabase(copy);
  return found;
}

function moveInto(dataDir: string, directory: string): void {
  for (const suffix of SUFFIXES) {
    const source = join(dataDir, STORE_FILE + suffix);
    if (existsSync(source)) renameSync(source, join(directory, STORE_FILE + suffix));
  }
  syncDirectory(directory);
  syncDirectory(dataDir);
}

function removeDatabase(file: string): void {
  for (const suffix of SUFFIXES) rmSync(file + suffix, { force: true });
}

function pendingEvidence(dataDir: string): string | undefined {
  const directory = join(dataDir, EVIDENCE);
  return existsSync(directory) ? readdirSync(directory).find((name) => name.endsWith(PENDING)) : undefined;
}

function countEvidence(dataDir: string): number {
  const directory = join(dataDir, EVIDENCE);
  return existsSync(directory) ? readdirSync(directory).length : 0;
}
