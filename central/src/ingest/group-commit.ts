import type { Clock } from '@rollcall/protocol/clock';
import { crashPoint } from '../crash-point.js';
import { isDatabaseTransient } from '../db/connection.js';
import type { Database } from '../db/database.js';
import { createRetry, type Retry } from '../db/retry.js';
import type { Log } from '../log.js';
import { type GatewayAck, readAcks } from './acks.js';
import { storeByHalves } from './by-halves.js';
import { type Committed, commitRows } from './commit-rows.js';
import { asRefused } from './quarantine-rows.js';
import type { IngestRow, VerifiedBatch } from './verified-batch.js';

/** Rows in one transaction: beyond this, larger ones are hardly faster, only slower for everybody who waits. */
const TRANSACTION_ROWS_MAX = 2_500;
/** Bytes of batches taken from the broker and not committed yet; with more, the broker has to wait. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

export interface GroupCommitOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  sendAck(ack: GatewayAck): void;
  onCommitted?: ((committed: Committed) => void) | undefined;
}

/** Stores whatever waits, of all gateways, in one transaction after the other, and acks it. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #retry: Retry;
  readonly #waiting: VerifiedBatch[] = [];
  #waitingBytes = 0;
  #roomWanted: (() => void)[] = [];
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    // While PostgreSQL is away everything waits here and nothing is dropped; the broker feels it as back-pressure.
    this.#retry = createRetry(options);
  }

  /** Resolves when there is room for another one: at once, as a rule. */
  async add(batch: VerifiedBatch): Promise<void> {
    this.#waiting.push(batch);
    this.#waitingBytes += batch.bytes;
    this.#running ??= this.#drain();
    if (this.#waitingBytes <= WAITING_BYTES_MAX) return;
    await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#giveRoom();
  }

  /** Takes all that waits, again and again: what came during one commit shares the next one. */
  async #drain(): Promise<void> {
    const { signal, log } = this.#options;
    while (this.#waiting.length > 0 && !signal.aborted) {
      try {
        await this.#commitWaiting();
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'ingest failed; the gateways send the rows again');
      }
    }
    this.#running = undefined;
  }

  async #commitWaiting(): Promise<void> {
    const rows = this.#take();
    await this.#commit(rows);
    const acks = await this.#retry('reading acks', () => readAcks(this.#options.db, rows));
    for (const ack of acks) this.#options.sendAck(ack);
    crashPoint('after-ack');
  }

  /**
   * One batch of each gateway in turn, each gateway's own in their order: a building that sends what it kept for days does
   * not hold up the taps of the others (domain case 96).
   */
  #take(): IngestRow[] {
    const rows: IngestRow[] = [];
    const hadTurn = new Set<string>();
    for (;;) {
      const next = this.#nextOf(hadTurn);
      if (next === undefined) break;
      const batch = this.#waiting[next] as VerifiedBatch;
      hadTurn.add(batch.gatewayId);
      if (rows.length > 0 && rows.length + batch.rows.length > TRANSACTION_ROWS_MAX) break;
      this.#waiting.splice(next, 1);
      this.#waitingBytes -= batch.bytes;
      rows.push(...batch.rows);
    }
    if (this.#waitingBytes <= WAITING_BYTES_MAX) this.#giveRoom();
    return rows;
  }

  /** The oldest batch of a gateway that has had no turn in this round; a new round begins when all have. */
  #nextOf(hadTurn: Set<string>): number | undefined {
    const next = this.#waiting.findIndex(({ gatewayId }) => !hadTurn.has(gatewayId));
    if (next !== -1) return next;
    hadTurn.clear();
    return this.#waiting.length === 0 ? undefined : 0;
  }

  #giveRoom(): void {
    for (const resolve of this.#roomWanted.splice(0)) resolve();
  }

  /** An oversight in our checks costs one row, which goes to quarantine, and not a building. */
  async #commit(rows: IngestRow[]): Promise<void> {
    const { signal, log } = this.#options;
    await storeByHalves(rows, {
      store: (some) => this.#store(some),
      refuse: async (row, error) => {
        const { gatewayId, seq } = row;
        log.error({ err: error, gatewayId, seq }, 'PostgreSQL refuses a row; it goes to quarantine');
        await this.#store([asRefused(row, error)]);
      },
      isFatal: (error) => signal.aborted || isDatabaseTransient(error),
    });
  }

  async #store(rows: readonly IngestRow[]): Promise<void> {
    const { db, clock, onCommitted } = this.#options;
    const at = new Date(clock.wallMs());
    const committed = await this.#retry('storing rows', () => commitRows(db, rows, at));
    onCommitted?.(committed);
  }
}
