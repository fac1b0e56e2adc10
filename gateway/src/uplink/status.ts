import type { Status } from '@rollcall/protocol/status';
import type { Log } from '../log.js';
import type { Meta } from '../store/meta.js';
import { isNoRoom } from '../store/open.js';
import type { RowStamp } from '../store/outbox-row.js';
import type { Greeting } from './link.js';

export interface GreetingsOptions {
  stamp: () => Pick<RowStamp, 'boot_id' | 'occurred_at'>;
  software: string;
  meta: Pick<Meta, 'number' | 'set'>;
  log: Log;
}

/** Birth and will of each connection. */
export class Greetings {
  readonly #options: GreetingsOptions;
  #session: number;

  constructor(options: GreetingsOptions) {
    this.#options = options;
    this.#session = options.meta.number('uplink_session');
  }

  next(): Greeting {
    const { stamp, software } = this.#options;
    this.#session += 1;
    this.#keepSession();
    const { boot_id, occurred_at } = stamp();
    const status = (state: Status['state']): string =>
      JSON.stringify({
        v: 1,
        state,
        boot_id,
        session: this.#session,
        software,
        at: occurred_at,
      } satisfies Status);
    return { birth: status('online'), will: status('offline') };
  }

  /**
   * The session is on disk before the broker hears of it, so that no two connections of a gateway ever share
   * one, whatever crashes in between. Only a full disk is no reason to stay silent: that is what central has
   * to hear of.
   */
  #keepSession(): void {
    const { meta, log } = this.#options;
    try {
      meta.set('uplink_session', this.#session);
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      log.warn({ code: 'STORE_FULL' }, 'the disk is full: the number of this connection is not on it');
    }
  }
}
