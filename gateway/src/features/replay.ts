import type { Log } from '../log.js';
import type { Outbox } from '../store/outbox.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { Pump } from '../uplink/pump.js';

export interface ReplayOptions {
  outbox: Pick<Outbox, 'gaps'>;
  position: { readonly headSeq: number };
  pump: Pick<Pump, 'replay'>;
  append: (row: RowDraft) => unknown;
  stamp: () => RowStamp;
  log: Log;
}

/**
 * Sends rows again to a central that was restored from a backup. What is no longer kept is declared lost, or
 * central would wait for it for ever.
 */
export function replayFrom(
  fromSeq: number,
  options: ReplayOptions,
): { from_seq: number; head_seq: number; lost: number } {
  const { outbox, position, pump, append, stamp, log } = options;
  const gaps = fromSeq > position.headSeq ? [] : outbox.gaps(fromSeq - 1);
  for (const { fromSeq: from_seq, throughSeq: through_seq } of gaps) {
    append(
      eventRow(stamp(), {
        type: 'seq_lost',
        from_seq,
        through_seq,
        reason: 'no longer kept when central asked again',
      }),
    );
  }
  const lost = gaps.reduce((sum, gap) => sum + gap.throughSeq - gap.fromSeq + 1, 0);
  log.warn({ fromSeq, headSeq: position.headSeq, lost }, 'central asked for rows again');
  pump.replay(fromSeq);
  return { from_seq: fromSeq, head_seq: position.headSeq, lost };
}
