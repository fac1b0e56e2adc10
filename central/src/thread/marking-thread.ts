import { Worker } from 'node:worker_threads';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { ScanQueue } from '../capture/qr-scan.js';
import type { Scanned } from '../capture/take-scans.js';
import type { Log } from '../log.js';
import type { FromThread, NumberedScan, ScanAnswer, ThreadData, ToThread } from './messages.js';
import { writeLine } from './thread-log.js';
import { hearError } from './told-error.js';

/** The compiled thread: Node runs no TypeScript, so sources (in tests) start it too. */
const THREAD_FILE = new URL('../../dist/thread/marking-worker.js', import.meta.url);
const RESTART_AFTER_MS = 1_000;
/** More than this is waiting: the thread is far behind, and a student who is told so scans again. */
const WAITING_SCANS_MAX = 20_000;

export interface MarkingThreadOptions {
  databaseUrl: string;
  clock: Clock;
  log: Log;
  onJudged?: ((pairs: number, changed: number) => void) | undefined;
  /** What the thread runs. */
  file?: URL;
}

export interface MarkingThread {
  /** Scans of codes are taken there. */
  scans: ScanQueue;
  /** Ends what is being judged and counted; the rest waits in PostgreSQL. */
  stop(): Promise<void>;
}

interface Waiting {
  resolve(scanned: Scanned): void;
  reject(error: unknown): void;
}

/**
 * Starts the thread that turns evidence into marks: scans, the judge and the statistics. Its statements wait for no
 * request that is answered meanwhile, and no request for a thousand decisions. A thread that ends is started again:
 * what it had not finished is still in PostgreSQL, and whoever scanned is asked to scan again.
 *
 * @throws RollcallError what opening the database throws
 */
export async function startMarkingThread(options: MarkingThreadOptions): Promise<MarkingThread> {
  const { clock, log } = options;
  /** From the first start that worked until the stop. */
  let isWanted = false;
  let cancelRestart: () => void = () => undefined;
  let thread = new NearEnd(options, ended);
  await thread.ready;
  isWanted = true;

  function ended(): void {
    if (!isWanted) return;
    cancelRestart = clock.after(RESTART_AFTER_MS, () => {
      thread = new NearEnd(options, ended);
      thread.ready.then(
        () => log.info('the thread of the marks runs again'),
        (error: unknown) =>
          log.error({ err: error }, 'the thread of the marks cannot begin; it is tried again'),
      );
    });
  }

  return {
    scans: { scan: (scan) => thread.scan(scan) },
    async stop() {
      isWanted = false;
      cancelRestart();
      await thread.stop();
    },
  };
}

/** One life of the thread. */
class NearEnd implements ScanQueue {
  readonly #worker: Worker;
  readonly #options: MarkingThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #unsent: NumberedScan[] = [];
  #next = 0;
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  #isReady: (() => void) | undefined;
  #isLost: ((error: unknown) => void) | undefined;
  /** Settles when the thread does its work, or cannot. */
  readonly ready: Promise<void>;

  constructor(options: MarkingThreadOptions, onEnd: () => void) {
    this.#options = options;
    const workerData: ThreadData = { databaseUrl: options.databaseUrl };
    this.#worker = new Worker(options.file ?? THREAD_FILE, { name: 'marks', execArgv: [], workerData });
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isLost = reject;
    });
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('error', (error) =>
      options.log.error({ err: error }, 'the thread of the marks failed; it is started again'),
    );
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end();
        resolve();
        onEnd();
      });
    });
  }

  scan(scan: NumberedScan['scan']): Promise<Scanned> {
    if (this.#state !== 'ready' || this.#waiting.size >= WAITING_SCANS_MAX) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      this.#next += 1;
      this.#waiting.set(this.#next, { resolve, reject });
      this.#unsent.push({ number: this.#next, scan });
      // All that have arrived in this turn of the loop go together.
      if (this.#unsent.length === 1) setImmediate(() => this.#send());
    });
  }

  async stop(): Promise<void> {
    if (this.#state !== 'ended') this.#tell({ kind: 'stop' });
    await this.#exited;
  }

  #send(): void {
    const scans = this.#unsent;
    this.#unsent = [];
    this.#tell({ kind: 'scan', scans });
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#state = 'ready';
        this.#isReady?.();
        return;
      case 'failed':
        this.#isLost?.(hearError(message.error));
        return;
      case 'answer':
        for (const answer of message.answers) this.#answered(answer);
        return;
      case 'judged':
        this.#options.onJudged?.(message.pairs, message.changed);
        return;
      case 'log':
        writeLine(this.#options.log, message);
    }
  }

  #answered(answer: ScanAnswer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ('scanned' in answer) waiting?.resolve(answer.scanned);
    else waiting?.reject(hearError(answer.refused));
  }

  #end(): void {
    this.#state = 'ended';
    this.#isLost?.(
      new RollcallError(
        'INTERNAL',
        'The thread of the marks ended before it had begun; see the log of central',
      ),
    );
    for (const { reject } of this.#waiting.values()) reject(lost());
    this.#waiting.clear();
  }
}

const lost = (): RollcallError =>
  new RollcallError('OVERLOADED', 'Central could not finish this scan; scan again in a few seconds');
