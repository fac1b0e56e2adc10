import type { Log } from '../log.js';

/** Whoever stopped central waits for the process, and a service manager kills it in the end. */
const LINGER_MS = 5_000;

/** Before a service manager with the usual 90 s kills it without a word: a PostgreSQL of its own alone is given 60 s to stop. */
const STOP_MAX_MS = 85_000;

/**
 * Bounds a stop, whatever it waits for.
 *
 * @param exit ends the process
 * @returns what to call when everything has stopped
 */
export function stopInTime(log: Log, exit: (code: number) => void): () => void {
  const timer = setTimeout(() => {
    log.error(
      { resources: process.getActiveResourcesInfo() },
      'central did not stop in time and ends: what it had not acknowledged is sent or done again',
    );
    exit(1);
  }, STOP_MAX_MS).unref();
  return () => clearTimeout(timer);
}

/**
 * After everything has stopped a process ends by itself. Should a library have left something open (a pool that lost its
 * server in the wrong moment), this says what it is and ends the process all the same: nothing is unfinished by then.
 *
 * @param exit ends the process
 */
export function leave(log: Log, exit: (code: number) => void): void {
  setTimeout(() => {
    log.warn({ resources: process.getActiveResourcesInfo() }, 'something was left open; ending anyway');
    exit(0);
  }, LINGER_MS).unref();
}
