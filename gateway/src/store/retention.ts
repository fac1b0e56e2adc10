import { crashPoint } from '../features/crash-point.js';
import type { Meta } from './meta.js';
import type { Database } from './open.js';
import { isNoRoom } from './open.js';
import type { Outbox } from './outbox.js';
import { punchIdOf } from './outbox-row.js';

/** Rows deleted in one transaction, so that no tap waits long behind one. */
export const PRUNE_CHUNK_ROWS = 500;
const HOUR_MS = 3_600_000;
const HOURS_PER_DAY = 24;
const UNKNOWN_HOUR = -1;

export interface RetentionStore {
  db: Database;
  meta: Meta;
  outbox: Outbox;
}

/**
 * Deletes one chunk of rows whose ack is older than the retention time; a central restored from a backup asks
 * for the younger ones again. Does nothing unless the clock is believed: a clock that jumped would make
 * everything old.
 */
export function pruneExpired(store: RetentionStore, retentionDays: number, syncedWallMs: number): number {
  const nowHour = Math.floor(syncedWallMs / HOUR_MS);
  const limitHour = nowHour - retentionDays * HOURS_PER_DAY;
  return store.db.transaction(() => {
    adoptUnknownHour(store.db, nowHour);
    const row = store.db
      .prepare('SELECT max(through_seq) AS seq FROM ack_mark WHERE acked_hour BETWEEN 0 AND ?')
      .get(limitHour) as { seq: number | null };
    const deleted = row.seq === null ? 0 : deleteChunk(store, row.seq);
    if (deleted < PRUNE_CHUNK_ROWS) {
      store.db.prepare('DELETE FROM ack_mark WHERE acked_hour BETWEEN 0 AND ?').run(limitHour);
    }
    return deleted;
  })();
}

/** Deletes one chunk of acked rows however young; for a disk that is short of space. */
export function pruneAcked(store: RetentionStore): number {
  return store.db.transaction(() => deleteChunk(store, store.meta.number('acked_seq')))();
}

/** Runs `prune` until nothing is left for it, one chunk per turn of the event loop. */
export async function pruneAll(prune: () => number, yieldTurn: () => Promise<void> = turn): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = pruneOrStop(prune);
    total += deleted;
    if (deleted < PRUNE_CHUNK_ROWS) return total;
    await yieldTurn();
  }
}

/** Deleting needs room in the write-ahead log; on a full disk the writer's own relief goes first. */
function pruneOrStop(prune: () => number): number {
  try {
    return prune();
  } catch (error) {
    if (isNoRoom(error)) return 0;
    throw error;
  }
}

function deleteChunk({ outbox, meta }: RetentionStore, throughSeq: number): number {
  // The last id must outlive its row: ids go on after it even with a clock that fell back.
  const id = punchIdOf(outbox.lastPunchBody());
  if (id !== undefined) meta.set('last_punch_id', id);
  const deleted = outbox.deleteThrough(Math.min(throughSeq, meta.number('acked_seq')), PRUNE_CHUNK_ROWS);
  crashPoint('during-prune');
  return deleted;
}

function adoptUnknownHour(db: Database, nowHour: number): void {
  const unknown = db.prepare('SELECT through_seq FROM ack_mark WHERE acked_hour = ?').get(UNKNOWN_HOUR);
  if (unknown === undefined) return;
  db.prepare(
    `INSERT INTO ack_mark (acked_hour, through_seq) VALUES (?, ?)
     ON CONFLICT (acked_hour) DO UPDATE SET through_seq = max(through_seq, excluded.through_seq)`,
  ).run(nowHour, (unknown as { through_seq: number }).through_seq);
  db.prepare('DELETE FROM ack_mark WHERE acked_hour = ?').run(UNKNOWN_HOUR);
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
