import { type Clock, delay } from '@rollcall/protocol/clock';
import type { Log } from '../log.js';
import { isDatabaseTransient } from './connection.js';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

export interface RetryOptions {
  clock: Clock;
  log: Log;
  /** Ends the waiting. */
  signal: AbortSignal;
}

export type Retry = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Repeats work for as long as PostgreSQL is away; any other failure is the caller's. */
export function createRetry({ clock, log, signal }: RetryOptions): Retry {
  return async (what, work) => {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (!isDatabaseTransient(error) || signal.aborted) throw error;
        log.warn({ err: error, waitMs }, `${what}: PostgreSQL is away; trying again`);
        await delay(clock, waitMs, signal);
      }
    }
  };
}
