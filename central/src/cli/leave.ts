import type { Log } from '../log.js';

/** Whoever stopped central waits for the process, and a service manager kills it in the end. */
const LINGER_MS = 5_000;

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
