import { BATCH_BYTES_MAX, BATCH_ROWS_MAX, type BatchKind } from '@rollcall/protocol/batch';
import type { Clock } from '@rollcall/protocol/clock';
import { crashPoint } from '../features/crash-point.js';
import type { Log } from '../log.js';
import type { Outbox } from '../store/outbox.js';
import { rowJson, type StoredRow } from '../store/outbox-row.js';
import type { Signer } from './signer.js';

/** Bytes of batches in flight. */
const WINDOW_BYTES_MAX = 4 * 1024 * 1024;
/** Leaves room for the header of a signed batch. */
const BODY_BYTES_MAX = BATCH_BYTES_MAX - 4_096;
const JITTER = 0.2;
const RESEND_DOUBLINGS_MAX = 4;
/** How long a central that has just begun to read may take to answer what it still got. */
const ANSWER_MS = 1_000;
/** Beyond the resend time: one that goes on speaking and answers nothing becomes overdue like any other. */
const ANSWER_DOUBLINGS_MAX = 6;
/** All gateways hear of it at the same moment: each sends again at another one of these. */
const SPREAD_MS = 1_000;
const TICK_MS = 10_000;

export interface PumpOptions {
  gatewayId: string;
  storeId: string;
  outbox: Pick<Outbox, 'read'>;
  /** Where the writer stands. */
  position: { readonly headSeq: number; readonly ackedSeq: number };
  signer: Pick<Signer, 'seal'>;
  /** Resolves on PUBACK. */
  publish: (kind: BatchKind, bytes: Uint8Array) => Promise<void>;
  clock: Clock;
  log: Log;
  windowBatches: number;
  batchRows: number;
  resendMs: number;
  random?: () => number;
  schedule?: (callback: () => void) => void;
  /** True while central has left a batch unanswered for longer than the resend time. */
  onOverdue?: (isOverdue: boolean) => void;
}

interface Flight {
  throughSeq: number;
  bytes: number;
  sentMonoMs: number;
  /** Central said afterwards that it reads, perhaps since just then. */
  mayBeUnread: boolean;
}

/**
 * Moves the outbox to central: a window of batches in seq order, kept full until everything is acked. Its only
 * state is where it reads; whatever happens to the link or to central, it goes back to the first row that
 * central has not committed. Batches that arrive twice are central's to recognize.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #schedule: (callback: () => void) => void;
  #flights: Flight[] = [];
  #cursorSeq = 1;
  /** First row that central asked for again and the broker has not yet taken. */
  #replaySeq: number | undefined;
  #isUp = false;
  #isScheduled = false;
  #resends = 0;
  /** How often a word of central made everything be sent again since it last answered. */
  #heeded = 0;
  #cancelResend: (() => void) | undefined;
  /** Waits for an answer to the oldest batch, where central spoke after it. */
  #cancelAnswer: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #tickMonoMs: number;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? setImmediate;
    this.#tickMonoMs = options.clock.monoMs();
  }

  /** When the pump last showed that it lives; what the watchdog looks at. */
  get tickMonoMs(): number {
    return this.#tickMonoMs;
  }

  start(): void {
    this.#tick();
  }

  stop(): void {
    this.linkDown();
    this.#cancelTick?.();
  }

  linkUp(): void {
    this.#isUp = true;
    this.#resends = 0;
    this.#heeded = 0;
    this.#rewind();
  }

  linkDown(): void {
    this.#isUp = false;
    this.#flights = [];
    this.#cancelResend?.();
    this.#cancelAnswer?.();
  }

  /** New rows are on disk. */
  wake(): void {
    if (!this.#isUp || this.#isScheduled) return;
    this.#isScheduled = true;
    // After the lights: building and signing a batch is not what a person at the reader waits for.
    this.#schedule(() => {
      this.#isScheduled = false;
      if (this.#isUp && this.#sendOne()) this.wake();
    });
  }

  /** Central has committed everything up to here. */
  acked(throughSeq: number): void {
    const before = this.#flights.length;
    this.#flights = this.#flights.filter((flight) => flight.throughSeq > throughSeq);
    if (this.#flights.length < before) {
      this.#resends = 0;
      this.#heeded = 0;
      this.#options.onOverdue?.(false);
      this.#armResend();
      this.#awaitAnswer(ANSWER_MS);
    }
    this.#cursorSeq = Math.max(this.#cursorSeq, this.#replaySeq ?? this.#options.position.ackedSeq + 1);
    this.wake();
  }

  /**
   * Central reads, perhaps since just now (ADR 49). What was sent before that and is not answered soon, it has never
   * read: waiting out the resend time makes no sense.
   */
  centralSpoke(): void {
    const isAwaited = this.#flights[0]?.mayBeUnread === true;
    for (const flight of this.#flights) flight.mayBeUnread = true;
    // Another word does not postpone what the first one began.
    if (isAwaited) return;
    // What is overdue has had its time; but one that speaks again and still answers nothing is slow, not new.
    const isDue = this.#resends > 0 && this.#heeded === 0;
    this.#awaitAnswer(isDue ? 0 : ANSWER_MS * 2 ** Math.min(this.#heeded, ANSWER_DOUBLINGS_MAX));
  }

  /** Sends acked rows again, for a central that was restored from a backup. */
  replay(fromSeq: number): void {
    this.#replaySeq = Math.min(fromSeq, this.#replaySeq ?? fromSeq);
    this.#rewind();
  }

  #awaitAnswer(answerMs: number): void {
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    if (this.#flights[0]?.mayBeUnread !== true) return;
    const { clock, random = Math.random } = this.#options;
    this.#cancelAnswer = clock.after(answerMs + SPREAD_MS * random(), () => {
      this.#heeded += 1;
      this.#rewind();
    });
  }

  /** Back to the first row that central may not have. */
  #rewind(): void {
    const { ackedSeq } = this.#options.position;
    this.#flights = [];
    this.#cancelAnswer?.();
    this.#cursorSeq = Math.min(ackedSeq + 1, this.#replaySeq ?? ackedSeq + 1);
    this.#armResend();
    this.wake();
  }

  /** Sends the next batch if the window has room; true when there may be more to send. */
  #sendOne(): boolean {
    const { windowBatches, outbox, clock } = this.#options;
    this.#tickMonoMs = clock.monoMs();
    const bytesInFlight = this.#flights.reduce((sum, flight) => sum + flight.bytes, 0);
    if (this.#flights.length >= windowBatches || bytesInFlight >= WINDOW_BYTES_MAX) return false;
    const rows = firstRun(outbox.read(this.#cursorSeq, this.#rowsPerBatch()));
    const [first] = rows;
    if (first === undefined) return false;
    const { body, throughSeq } = this.#encode(rows);
    const bytes = this.#options.signer.seal(body);
    const flight: Flight = {
      throughSeq,
      bytes: bytes.length,
      sentMonoMs: clock.monoMs(),
      mayBeUnread: false,
    };
    this.#flights.push(flight);
    this.#cursorSeq = throughSeq + 1;
    if (this.#flights.length === 1) this.#armResend();
    void this.#send(first.kind, bytes, flight);
    return true;
  }

  /** Small batches while people tap, large ones for a backlog. */
  #rowsPerBatch(): number {
    const { position, windowBatches, batchRows } = this.#options;
    const backlog = position.headSeq - this.#cursorSeq + 1;
    return backlog > windowBatches * batchRows ? BATCH_ROWS_MAX : batchRows;
  }

  #encode(rows: readonly StoredRow[]): { body: Uint8Array; throughSeq: number } {
    const { gatewayId, storeId } = this.#options;
    const parts: string[] = [];
    let length = 0;
    let throughSeq = 0;
    for (const row of rows) {
      const json = rowJson(row);
      // In the worst case each character takes three bytes, and one batch always takes one row.
      if (parts.length > 0 && (length + json.length) * 3 > BODY_BYTES_MAX) break;
      parts.push(json);
      length += json.length + 1;
      throughSeq = row.seq;
    }
    const head = JSON.stringify({ v: 1, gateway_id: gatewayId, store_id: storeId }).slice(0, -1);
    return { body: Buffer.from(`${head},"rows":[${parts.join(',')}]}`), throughSeq };
  }

  async #send(kind: BatchKind, bytes: Uint8Array, flight: Flight): Promise<void> {
    const { publish, position, log } = this.#options;
    try {
      crashPoint('before-publish');
      const puback = publish(kind, bytes);
      crashPoint('after-publish');
      await puback;
      crashPoint('after-puback');
    } catch (error) {
      // The rows stay unacked, and everything unacked is sent again.
      log.debug({ err: error, throughSeq: flight.throughSeq }, 'a batch was not taken by the broker');
      return;
    }
    // Rows that central committed once are not acked a second time; the broker's word has to do for them.
    if (flight.throughSeq <= position.ackedSeq && this.#flights.includes(flight))
      this.#releaseReplayed(flight);
  }

  #releaseReplayed(flight: Flight): void {
    this.#flights = this.#flights.filter((other) => other !== flight);
    const nextSeq = flight.throughSeq + 1;
    if (this.#replaySeq !== undefined) {
      this.#replaySeq =
        nextSeq > this.#options.position.ackedSeq ? undefined : Math.max(this.#replaySeq, nextSeq);
    }
    this.#armResend();
    this.#awaitAnswer(ANSWER_MS);
    this.wake();
  }

  #armResend(): void {
    this.#cancelResend?.();
    this.#cancelResend = undefined;
    const [oldest] = this.#flights;
    if (oldest === undefined || !this.#isUp) return;
    const { clock, resendMs, random = Math.random } = this.#options;
    const factor = 2 ** Math.min(this.#resends, RESEND_DOUBLINGS_MAX) * (1 - JITTER + 2 * JITTER * random());
    const dueMs = oldest.sentMonoMs + resendMs * factor - clock.monoMs();
    this.#cancelResend = clock.after(Math.max(0, dueMs), () => this.#resend());
  }

  /** The broker is there and central is silent: PUBACK says nothing about central (edge §0, finding 5). */
  #resend(): void {
    const { log, position, onOverdue } = this.#options;
    this.#resends += 1;
    log.warn(
      { code: 'ACK_TIMEOUT', ackedSeq: position.ackedSeq, headSeq: position.headSeq },
      'no commit ack came; sending again',
    );
    onOverdue?.(true);
    this.#rewind();
  }

  #tick(): void {
    this.#tickMonoMs = this.#options.clock.monoMs();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}

/** The leading rows of one kind: each kind has its own topic. */
function firstRun(rows: readonly StoredRow[]): readonly StoredRow[] {
  const end = rows.findIndex((row) => row.kind !== rows[0]?.kind);
  return end < 0 ? rows : rows.slice(0, end);
}
