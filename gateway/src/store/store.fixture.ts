import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach } from 'vitest';
import { silentLog } from '../log.js';
import type { Database } from './open.js';
import type { RowDraft, RowStamp } from './outbox-row.js';
import { openStore, type Store } from './store.js';
import { Writer, type WriterOptions } from './writer.js';

export const BOOT_ID = '0b0b0b0b-1111-4222-8333-444444444444';

const cleanups: Array<() => void> = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** Runs after the test, last registered first. */
export function onCleanup(cleanup: () => void): void {
  cleanups.push(cleanup);
}

export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-gateway-'));
  onCleanup(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function stampOf(clock: ManualClock, clockState: RowStamp['clock_state'] = 'synced'): () => RowStamp {
  return () => ({
    boot_id: BOOT_ID,
    mono_ms: clock.monoMs(),
    occurred_at: new Date(clock.wallMs()).toISOString(),
    clock_state: clockState,
  });
}

export interface StoreFixture {
  dataDir: string;
  clock: ManualClock;
  stamp: () => RowStamp;
  store: Store;
  writer: Writer;
  punch(n?: number): RowDraft;
}

export interface FixtureOptions {
  dataDir?: string;
  clock?: ManualClock;
  stamp?: () => RowStamp;
  writer?: Partial<WriterOptions>;
}

/** A real store on disk with its writer, which commits only on `flush()` unless told otherwise. */
export function storeFixture(options: FixtureOptions = {}): StoreFixture {
  const dataDir = options.dataDir ?? tempDir();
  const clock = options.clock ?? new ManualClock();
  const stamp = options.stamp ?? stampOf(clock);
  const store = openStore({ dataDir, clock, log: silentLog, stamp });
  onCleanup(() => {
    if (store.db.open) store.close();
  });
  const writer = new Writer({
    store,
    clock,
    stamp,
    log: silentLog,
    schedule: () => undefined,
    ...options.writer,
  });
  const punch = (n = 0): RowDraft => ({
    kind: 'punch',
    body: {
      ...stamp(),
      punch_id: store.newPunchId(),
      device_id: 'reader-1',
      kind: 'card',
      credential: {
        technology: 'em4100',
        hashes: [{ projection: 'full', hash: n.toString(16).padStart(64, '0') }],
      },
    },
  });
  return { dataDir, clock, stamp, store, writer, punch };
}

const PAGE_BYTES = 4096;

/** Overwrites one page of the file, counted from 1, as a worn SD card does. */
export function scribblePage(file: string, page: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
  closeSync(handle);
}

/** Damages the newest rows under an open database, which forgets what it had cached. */
export function scribbleLastPage(db: Database, file: string): void {
  db.pragma('wal_checkpoint(TRUNCATE)');
  scribblePage(file, statSync(file).size / PAGE_BYTES);
  db.pragma('shrink_memory');
}
