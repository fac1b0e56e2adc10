import type { Clock } from '@rollcall/protocol/clock';
import type { ErrorCode } from '@rollcall/protocol/errors';
import { crashPoint, isArmed } from '../features/crash-point.js';
import type { Log } from '../log.js';
import { insertLogs, type LogBatch } from './log-batch.js';
import { isDamage, isNoRoom } from './open.js';
import { eventRow, type RowDraft, type RowStamp } from './outbox-row.js';
import type { Space } from './space.js';
import type { Store } from './store.js';

/** Rows waiting for their commit. A tap beyond this gets a red light instead of a place in memory. */
export const WAITING_ROWS_MAX = 1_024;
/** Rows in one transaction; the rest goes into the next, right behind it. */
const GROUP_ROWS_MAX = 256;
/**
 * An ack waits this long for a commit to share: an fsync of its own would stand in the way of the next tap,
 * and an ack that a crash forgets only costs a resend.
 */
const ACK_MARK_DELAY_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Bucket of acks that came while the wall clock could not be believed. */
const UNKNOWN_HOUR = -1;

export type RefusalCode = Extract<ErrorCode, 'STORE_FULL' | 'STORE_BUSY' | 'STORE_CORRUPT'>;
export type AppendOutcome = { kept: true; seq: number } | { kept: false; code: RefusalCode };

export type KeepOutcome =
  | { kept: true; fresh: number; repeated: number }
  | { kept: false; code: RefusalCode };

interface Insert {
  /** One statement alone: on its own it needs no transaction around it. */
  isStatement: boolean;
  /** In the transaction of the group, or alone where it is one statement; returns the seqs it was given. */
  insert(): number[];
}

interface Waiting extends Insert {
  /** Rows it makes at most. */
  rows: number;
  /** Where somebody stands before a reader: when that was. */
  occurredAt?: string;
  keep(seqs: readonly number[]): void;
  refuse(code: RefusalCode): void;
}

export interface WriterOptions {
  store: Store;
  /** Absent where a full disk is not to be fought (a test of the writer alone). */
  space?: Pick<Space, 'makeRoom'>;
  clock: Clock;
  log: Log;
  stamp: () => RowStamp;
  /** Runs the callback once everything that is ready to be read has been read. */
  schedule?: (callback: () => void) => void;
  /** After a commit that added rows. */
  onCommitted?: (headSeq: number) => void;
  /** When the store becomes full, damaged or well again. */
  onState?: (state: WriterState) => void;
}

export type WriterState = 'ok' | 'full' | 'corrupt';

/**
 * The single writer. Whoever waits when it runs shares one transaction and one fsync, and it runs as soon as
 * the event loop has delivered what was already there: group commit without a timer (ADR-0006).
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #waiting: Waiting[] = [];
  #waitingRows = 0;
  readonly #schedule: (callback: () => void) => void;
  readonly #insertGroup: (group: readonly Insert[], ackedSeq: number) => number[][];
  #isScheduled = false;
  #headSeq: number;
  #ackedSeq: number;
  #markedSeq: number;
  #state: WriterState = 'ok';
  #refusedTaps = 0;
  #lastWriteMonoMs: number;
  #cancelMark: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? setImmediate;
    const { store } = options;
    this.#headSeq = store.outbox.headSeq();
    this.#ackedSeq = store.meta.number('acked_seq');
    this.#markedSeq = this.#ackedSeq;
    this.#lastWriteMonoMs = options.clock.monoMs();
    this.#insertGroup = store.db.transaction((group: readonly Insert[], ackedSeq: number) => {
      if (ackedSeq > this.#markedSeq) this.#writeAck(ackedSeq);
      const seqs = group.map(({ insert }) => insert());
      if (group.length === 0 && ackedSeq === this.#markedSeq) this.#writeSelf();
      crashPoint('before-commit');
      return seqs;
    });
  }

  get headSeq(): number {
    return this.#headSeq;
  }

  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  get state(): WriterState {
    return this.#state;
  }

  /** When the disk last answered, kept or full; what the watchdog looks at. */
  get lastWriteMonoMs(): number {
    return this.#lastWriteMonoMs;
  }

  /** Wall time of the oldest row still waiting for its commit. */
  get oldestWaitingAt(): string | undefined {
    return this.#waiting.find(({ occurredAt }) => occurredAt !== undefined)?.occurredAt;
  }

  /** Resolves once the row is fsynced, or with the reason why it is not. Never rejects. */
  append(row: RowDraft): Promise<AppendOutcome> {
    return new Promise((resolve) => {
      this.#enqueue({
        isStatement: true,
        rows: 1,
        occurredAt: row.body.occurred_at,
        insert: () => [this.#options.store.outbox.insert(row)],
        keep: (seqs) => resolve({ kept: true, seq: seqs[0] ?? this.#headSeq }),
        refuse: (code) => {
          if (row.kind === 'punch') this.#refusedTaps += 1;
          resolve({ kept: false, code });
        },
      });
    });
  }

  /** Resolves once all of the batch is fsynced, or with the reason why nothing of it is. Never rejects. */
  keepLogs(batch: LogBatch): Promise<KeepOutcome> {
    return new Promise((resolve) => {
      let fresh = 0;
      this.#enqueue({
        isStatement: false,
        rows: batch.rows.length + batch.logs.length + 1,
        insert: () => {
          const written = insertLogs(this.#options, batch);
          fresh = written.fresh;
          return written.seqs;
        },
        keep: () =>
          resolve({ kept: true, fresh, repeated: batch.logs.length + batch.rejected.length - fresh }),
        refuse: (code) => resolve({ kept: false, code }),
      });
    });
  }

  /** Remembers how far central has committed; never goes back, never beyond what was written. */
  markAcked(throughSeq: number): void {
    const ackedSeq = Math.min(throughSeq, this.#headSeq);
    if (ackedSeq <= this.#ackedSeq) return;
    this.#ackedSeq = ackedSeq;
    this.#cancelMark ??= this.#options.clock.after(ACK_MARK_DELAY_MS, () => {
      this.#cancelMark = undefined;
      this.#wake();
    });
  }

  /** Proves that the disk still takes writes; tries to recover when it did not. */
  selfWrite(): void {
    if (this.#state === 'full') this.#reportFull();
    else this.#wake();
  }

  /** Commits everything that waits, now. */
  flush(): void {
    do this.#commit();
    while (this.#waiting.length > 0);
  }

  /** Commits what waits and cancels every timer; nothing may be appended afterwards. */
  close(): void {
    this.#cancelMark?.();
    this.#cancelMark = undefined;
    this.flush();
  }

  #wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => {
      this.#isScheduled = false;
      if (!this.#options.store.db.open) return;
      this.#commit();
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  #enqueue(waiting: Waiting): void {
    if (this.#waitingRows + waiting.rows > WAITING_ROWS_MAX) {
      waiting.refuse('STORE_BUSY');
      return;
    }
    this.#waitingRows += waiting.rows;
    this.#waiting.push(waiting);
    this.#wake();
  }

  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    for (let rows = 0; rows < GROUP_ROWS_MAX; ) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      rows += next.rows;
      group.push(next);
    }
    for (const { rows } of group) this.#waitingRows -= rows;
    return group;
  }

  #commit(): void {
    const group = this.#takeGroup();
    const ackedSeq = this.#ackedSeq;
    const result = this.#tryInsert(group, ackedSeq);
    if (Array.isArray(result)) {
      this.#settle(group, result, ackedSeq);
      return;
    }
    for (const { refuse } of group) refuse(result);
  }

  #settle(group: readonly Waiting[], seqs: readonly number[][], ackedSeq: number): void {
    const isMarking = ackedSeq > this.#markedSeq;
    this.#markedSeq = ackedSeq;
    this.#headSeq = seqs.findLast((given) => given.length > 0)?.at(-1) ?? this.#headSeq;
    // The lights of taps in the same commit come first: this point is about the ack alone.
    if (isMarking) this.#schedule(() => crashPoint('after-ack-marked'));
    if (group.length === 0) return;
    crashPoint('after-commit');
    group.forEach(({ keep }, index) => {
      keep(seqs[index] ?? []);
    });
    if (this.#state === 'full') this.#reportFull();
    this.#options.onCommitted?.(this.#headSeq);
  }

  /**
   * The usual group is one tap: SQLite commits its statement, and nobody waits for BEGIN and COMMIT. A statement alone
   * has no moment between its row and its commit: whoever is to die in it takes the way of a group, as faults are tested.
   */
  #insert(group: readonly Insert[], ackedSeq: number): number[][] {
    const [only] = group;
    const isAlone = group.length === 1 && ackedSeq <= this.#markedSeq && !isArmed('before-commit');
    if (isAlone && only?.isStatement === true) return [only.insert()];
    return this.#insertGroup(group, ackedSeq);
  }

  #tryInsert(group: readonly Insert[], ackedSeq: number): number[][] | RefusalCode {
    for (const isRetry of [false, true]) {
      try {
        const seqs = this.#insert(group, ackedSeq);
        this.#lastWriteMonoMs = this.#options.clock.monoMs();
        return seqs;
      } catch (error) {
        if (isDamage(error)) return this.#declareDamage(error);
        if (!isNoRoom(error)) {
          this.#options.log.error({ code: 'STORE_BUSY', err: error }, 'the store did not take the rows');
          return 'STORE_BUSY';
        }
        if (isRetry) break;
        this.#options.space?.makeRoom();
      }
    }
    this.#lastWriteMonoMs = this.#options.clock.monoMs();
    this.#enter('full');
    return 'STORE_FULL';
  }

  /** The store counts as well again only when it could write this down. */
  #reportFull(): void {
    const refusedTaps = this.#refusedTaps;
    const { stamp, store } = this.#options;
    const event = eventRow(stamp(), { type: 'store_full', refused_taps: refusedTaps });
    const result = this.#tryInsert(
      [{ isStatement: true, insert: () => [store.outbox.insert(event)] }],
      this.#ackedSeq,
    );
    if (!Array.isArray(result)) return;
    this.#markedSeq = this.#ackedSeq;
    this.#headSeq = result.flat().at(-1) ?? this.#headSeq;
    this.#refusedTaps -= refusedTaps;
    this.#enter('ok');
    this.#options.onCommitted?.(this.#headSeq);
  }

  #declareDamage(error: unknown): RefusalCode {
    this.#options.log.error(
      { code: 'STORE_CORRUPT', err: error },
      'the store is damaged; a restart replaces it',
    );
    this.#options.store.markDamaged();
    this.#enter('corrupt');
    return 'STORE_CORRUPT';
  }

  #enter(state: WriterState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #writeAck(ackedSeq: number): void {
    const { meta, db } = this.#options.store;
    const { clock_state, occurred_at } = this.#options.stamp();
    const hour = clock_state === 'synced' ? Math.floor(Date.parse(occurred_at) / HOUR_MS) : UNKNOWN_HOUR;
    meta.set('acked_seq', ackedSeq);
    db.prepare(
      `INSERT INTO ack_mark (acked_hour, through_seq) VALUES (?, ?)
       ON CONFLICT (acked_hour) DO UPDATE SET through_seq = max(through_seq, excluded.through_seq)`,
    ).run(hour, ackedSeq);
  }

  #writeSelf(): void {
    this.#options.store.meta.set('self_write', Math.round(this.#options.clock.monoMs()));
  }
}
