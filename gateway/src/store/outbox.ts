import type { BatchKind } from '@rollcall/protocol/batch';
import type { Database, Statement } from './open.js';
import type { RowDraft, StoredRow } from './outbox-row.js';

/** Ranges of missing rows looked at in one start; a disk that lost more is replaced as damaged. */
const GAPS_MAX = 1_000;

export interface SeqRange {
  fromSeq: number;
  throughSeq: number;
}

/** What every tap runs before its light; `migrate.test.ts` holds what SQLite may do for it. */
export const INSERT_ROW = 'INSERT INTO outbox (kind, body, created_wall_ms) VALUES (?, ?, ?)';

/** The statements on the outbox. Transactions are the writer's. */
export class Outbox {
  readonly #db: Database;
  readonly #insert: Statement;
  readonly #read: Statement;
  readonly #created: Statement;
  readonly #prune: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#insert = db.prepare(INSERT_ROW);
    this.#read = db.prepare('SELECT seq, kind, body FROM outbox WHERE seq >= ? ORDER BY seq LIMIT ?');
    this.#created = db.prepare('SELECT created_wall_ms FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1');
    this.#prune = db.prepare(
      'DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE seq <= ? ORDER BY seq LIMIT ?)',
    );
  }

  insert(row: RowDraft): number {
    const createdWallMs = row.madeAtMs ?? Date.parse(row.body.occurred_at);
    return this.insertText(row.kind, JSON.stringify(row.body), createdWallMs);
  }

  insertText(kind: BatchKind, body: string, createdWallMs: number): number {
    return Number(this.#insert.run(kind, body, createdWallMs).lastInsertRowid);
  }

  /** At most `limit` rows from `fromSeq` on, in order. */
  read(fromSeq: number, limit: number): StoredRow[] {
    return this.#read.all(fromSeq, limit) as StoredRow[];
  }

  /** Highest seq ever given, also when its row is pruned by now. */
  headSeq(): number {
    const row = this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").get();
    return (row as { seq: number } | undefined)?.seq ?? 0;
  }

  /** Wall time at which the first row after `seq` was made. */
  createdAfter(seq: number): number | undefined {
    return (this.#created.get(seq) as { created_wall_ms: number } | undefined)?.created_wall_ms;
  }

  lastPunchBody(): string | undefined {
    const row = this.#db
      .prepare("SELECT body FROM outbox WHERE kind = 'punch' ORDER BY seq DESC LIMIT 1")
      .get();
    return (row as { body: string } | undefined)?.body;
  }

  /** Deletes up to `limit` of the oldest rows at or below `throughSeq`. */
  deleteThrough(throughSeq: number, limit: number): number {
    return this.#prune.run(throughSeq, limit).changes;
  }

  /** Seqs above `afterSeq` that were given and whose rows are gone. */
  gaps(afterSeq: number): SeqRange[] {
    const head = this.headSeq();
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM outbox WHERE seq > ?').get(afterSeq) as {
      n: number;
    };
    if (n === head - afterSeq) return [];
    const found = this.#db
      .prepare(
        `SELECT before + 1 AS fromSeq, seq - 1 AS throughSeq
           FROM (SELECT seq, lag(seq, 1, ?) OVER (ORDER BY seq) AS before FROM outbox WHERE seq > ?
                 UNION ALL SELECT ? + 1, coalesce(max(seq), ?) FROM outbox WHERE seq > ?)
          WHERE seq - before > 1 ORDER BY seq LIMIT ?`,
      )
      .all(afterSeq, afterSeq, head, afterSeq, afterSeq, GAPS_MAX);
    return found as SeqRange[];
  }
}
