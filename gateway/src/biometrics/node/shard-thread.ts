import { Worker } from 'node:worker_threads';
import { ERROR_CODES, type ErrorCode, RollcallError } from '@rollcall/protocol/errors';
import type { Numbered, ShardAnswer, ShardRequest } from './shard-messages.js';

/** The compiled thread: Node runs no TypeScript, so sources (in tests) start it too. */
const THREAD_FILE = new URL('../../../dist/biometrics/node/shard-worker.js', import.meta.url);

interface Waiting {
  resolve(answer: ShardAnswer): void;
  reject(error: unknown): void;
}

/** The near end of one thread of a gallery. */
export class ShardThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  readonly #onEnd: (error: RollcallError) => void;
  #lost: RollcallError | undefined;

  /**
   * @param onEnd is told once, however the thread ended.
   * @param file what the thread runs
   */
  constructor(onEnd: (error: RollcallError) => void, file: URL = THREAD_FILE) {
    this.#onEnd = onEnd;
    this.#worker = new Worker(file, { name: 'gallery', execArgv: [] });
    this.#worker.on('message', ({ number, message }: Numbered<ShardAnswer>) =>
      this.#answered(number, message),
    );
    this.#worker.on('error', (cause) => this.#end(lost(cause)));
    this.#worker.on('exit', () => this.#end(lost()));
  }

  /** Throws the typed error that the thread met, and `GALLERY_LOST` when the thread is gone. */
  ask(message: ShardRequest): Promise<ShardAnswer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#next += 1;
      this.#waiting.set(this.#next, { resolve, reject });
      this.#worker.postMessage({ number: this.#next, message } satisfies Numbered<ShardRequest>);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #answered(number: number, answer: ShardAnswer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (answer.kind !== 'failed') {
      waiting?.resolve(answer);
      return;
    }
    const code = answer.code in ERROR_CODES ? (answer.code as ErrorCode) : 'INTERNAL';
    // The message names the code already.
    waiting?.reject(new RollcallError(code, answer.message.replace(` (${code})`, '')));
  }

  #end(error: RollcallError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#onEnd(error);
  }
}

function lost(cause?: unknown): RollcallError {
  return new RollcallError('GALLERY_LOST', 'A thread of the gallery ended. Open the gallery again', {
    cause,
  });
}
