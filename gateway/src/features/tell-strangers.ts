import type { Log } from '../log.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { Stranger } from '../transport/http-listener.js';

export interface TellStrangersOptions {
  log: Log;
  stamp(): RowStamp;
  append(row: RowDraft): unknown;
}

/** Tells central of terminals that call and are in no configuration, one by one or counted. */
export function tellStrangers({ log, stamp, append }: TellStrangersOptions) {
  return (news: Stranger | { moreCalls: number }): void => {
    if ('moreCalls' in news) {
      const calls = news.moreCalls;
      log.warn({ code: 'TERMINAL_UNKNOWN', calls }, 'more calls of unknown terminals were refused');
      append(eventRow(stamp(), { type: 'terminals_refused', calls }));
      return;
    }
    const { serial, address } = news;
    log.warn(
      { code: 'TERMINAL_UNKNOWN', serial, address },
      'a terminal that is not in the configuration calls; it was refused',
    );
    append(eventRow(stamp(), { type: 'terminal_unknown', serial, address }));
  };
}
