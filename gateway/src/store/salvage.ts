import { BATCH_KINDS, type BatchKind } from '@rollcall/protocol/batch';
import { type Database, openDatabase } from './open.js';
import { isObjectJson } from './outbox-row.js';

/** Rows asked for one by one in a damaged file; a gateway makes about two million in a year. */
const SALVAGE_SEQS_MAX = 5_000_000;

export interface SalvagedRow {
  kind: BatchKind;
  body: string;
  createdWallMs: number;
}

export interface Salvage {
  previousStoreId: string | null;
  rows: SalvagedRow[];
  /** Unacked rows known to have existed that could not be read; null when nobody can tell. */
  lostRows: number | null;
  lastPunchId: string | undefined;
  uplinkSession: number;
}

/** Reads whatever a damaged database still gives. Never throws: nothing readable is an answer. */
export function salvage(file: string): Salvage {
  const nothing: Salvage = {
    previousStoreId: null,
    rows: [],
    lostRows: null,
    lastPunchId: undefined,
    uplinkSession: 0,
  };
  const db = attempt(() => openDatabase(file));
  if (db === undefined) return nothing;
  try {
    return read(db);
  } finally {
    attempt(() => db.close());
  }
}

function read(db: Database): Salvage {
  const meta = (key: string): string | undefined =>
    attempt(
      () => db.prepare('SELECT value FROM meta WHERE key = ?').get(key) as { value: string } | undefined,
    )?.value;
  const headSeq = highestSeq(db);
  // Whatever cannot be right counts as never acked: the old rows travel again, and central knows their punch ids.
  const ackedSeq = countIn(meta('acked_seq'), headSeq ?? 0);
  const rows = headSeq === undefined ? [] : readRows(db, ackedSeq, headSeq);
  return {
    previousStoreId: meta('store_id') ?? null,
    rows,
    lostRows: headSeq === undefined ? null : Math.max(0, headSeq - ackedSeq - rows.length),
    lastPunchId: meta('last_punch_id'),
    uplinkSession: countIn(meta('uplink_session'), Number.MAX_SAFE_INTEGER),
  };
}

/** The count in a text, from 0 to `most`; 0 for any other text, and without one. */
function countIn(text: string | undefined, most: number): number {
  const count = Number(text ?? 0);
  return Number.isSafeInteger(count) && count >= 0 && count <= most ? count : 0;
}

function highestSeq(db: Database): number | undefined {
  const ask = (sql: string): number =>
    attempt(() => db.prepare(sql).get() as { seq: number | null } | undefined)?.seq ?? 0;
  const seq = Math.max(
    ask("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"),
    ask('SELECT rowid AS seq FROM outbox ORDER BY rowid DESC LIMIT 1'),
    ask('SELECT rowid AS seq FROM outbox ORDER BY rowid LIMIT 1'),
  );
  return seq > 0 ? seq : undefined;
}

/** One question per row: each touches only the pages on its own path, so one bad page costs only its rows. */
function readRows(db: Database, ackedSeq: number, headSeq: number): SalvagedRow[] {
  const readRow = rowReader(db);
  if (readRow === undefined) return [];
  const rows: SalvagedRow[] = [];
  const throughSeq = Math.min(headSeq, ackedSeq + SALVAGE_SEQS_MAX);
  for (let seq = ackedSeq + 1; seq <= throughSeq; seq += 1) {
    const row = attempt(() => {
      const found = readRow(seq);
      return found !== undefined && isWhole(found) ? found : undefined;
    });
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function rowReader(db: Database): ((seq: number) => SalvagedRow | undefined) | undefined {
  const named = attempt(() =>
    db.prepare('SELECT kind, body, created_wall_ms AS createdWallMs FROM outbox WHERE seq = ?'),
  );
  if (named !== undefined) return (seq) => named.get(seq) as SalvagedRow | undefined;
  // Columns that somebody gave another name still stand where they stood.
  const placed = attempt(() => db.prepare('SELECT * FROM outbox WHERE rowid = ?').raw());
  if (placed === undefined) return undefined;
  return (seq) => {
    const values = placed.get(seq) as unknown[] | undefined;
    if (values === undefined || typeof values[2] !== 'string') return undefined;
    return { kind: values[1] as BatchKind, body: values[2], createdWallMs: values[3] as number };
  };
}

function isWhole({ kind, body, createdWallMs }: SalvagedRow): boolean {
  return BATCH_KINDS.includes(kind) && isObjectJson(body) && Number.isSafeInteger(createdWallMs);
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    // Every question to a damaged file may fail; what counts is what the others still answer.
    return undefined;
  }
}
