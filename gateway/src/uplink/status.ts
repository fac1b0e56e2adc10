import type { Status } from '@rollcall/protocol/status';
import type { Meta } from '../store/meta.js';
import type { RowStamp } from '../store/outbox-row.js';
import type { Greeting } from './link.js';

export interface StatusOptions {
  stamp: Pick<RowStamp, 'boot_id' | 'occurred_at'>;
  software: string;
  meta: Pick<Meta, 'number' | 'set'>;
}

/**
 * Birth and will of one connection. The session is on disk before the broker hears of it, so that no two
 * connections of a gateway ever share one, whatever crashes in between.
 */
export function nextGreeting({ stamp, software, meta }: StatusOptions): Greeting {
  const session = meta.number('uplink_session') + 1;
  meta.set('uplink_session', session);
  const status = (state: Status['state']): string =>
    JSON.stringify({
      v: 1,
      state,
      boot_id: stamp.boot_id,
      session,
      software,
      at: stamp.occurred_at,
    } satisfies Status);
  return { birth: status('online'), will: status('offline') };
}
