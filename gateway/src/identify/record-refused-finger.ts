import type { RecordRefusedFinger } from '../devices/presentation.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { AppendOutcome } from '../store/writer.js';

export interface RecordRefusedFingerOptions {
  stampAt: (monoMs: number, wallMs: number) => RowStamp;
  append: (row: RowDraft) => Promise<AppendOutcome>;
  log: Log;
}

/**
 * What a sensor took for no living finger becomes an event that people look at (domain case 117): where, when and why;
 * no picture, no template, and no person, since it may be anybody's. Whoever it was gets the light of a finger that is
 * not recognized, whatever becomes of the event.
 */
export function createRecordRefusedFinger(options: RecordRefusedFingerOptions): RecordRefusedFinger {
  const { stampAt, append, log } = options;
  return async ({ deviceId, reason, monoMs, wallMs }): Promise<FeedbackSignal> => {
    try {
      const row = eventRow(stampAt(monoMs, wallMs), { type: 'finger_refused', device_id: deviceId, reason });
      const outcome = await append(row);
      if (outcome.kept) log.warn({ deviceId, reason }, 'a finger was refused by its sensor');
      else log.error({ code: outcome.code, deviceId, reason }, 'a refused finger could not be kept');
    } catch (error) {
      log.error({ err: error, deviceId, reason }, 'a refused finger could not be kept');
    }
    return 'not_recognized';
  };
}
