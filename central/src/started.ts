import type { Clock } from '@rollcall/protocol/clock';
import { cutOff } from './db/cut-off.js';
import type { Log } from './log.js';

/** What opens a connection meanwhile is cut off, too. */
const CUT_AGAIN_MS = 1_000;

/** How long a stop waits for a database that may not answer. */
export interface Patience {
  clock: Clock;
  waitMs: number;
  /** With its password: never log it. */
  databaseUrl: string;
}

/** What has been started, to be stopped in reverse. */
export class Started {
  readonly #stops: (() => Promise<void> | void)[] = [];

  add(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /**
   * Stops everything. A PostgreSQL that accepts connections and is silent would hold this for ever: it is not waited for
   * any longer than `patience` says. What was acknowledged is committed by then, and anything else is done again.
   */
  async stopAll(log: Log, patience?: Patience): Promise<void> {
    const calm = patience === undefined ? () => undefined : losePatience(log, patience);
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        log.error({ err: error }, 'a part did not stop cleanly');
      }
    }
    calm();
  }
}

/** @returns what ends the waiting */
function losePatience(log: Log, { clock, waitMs, databaseUrl }: Patience): () => void {
  const cut = (): void => {
    const connections = cutOff(databaseUrl);
    if (connections > 0) {
      log.error(
        { code: 'DATABASE_UNAVAILABLE', connections, waitMs },
        'PostgreSQL has not answered everything in time, and central does not wait any longer: its connections are cut off. ' +
          'What was acknowledged is committed; whatever was not is sent or done again',
      );
    }
    cancel = clock.after(CUT_AGAIN_MS, cut);
  };
  let cancel = clock.after(waitMs, cut);
  return () => cancel();
}
