import { hashRead } from '@rollcall/protocol/credential';
import type { RecordPresentation } from '../devices/presentation.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import type { RowDraft, RowStamp } from '../store/outbox-row.js';
import type { AppendOutcome } from '../store/writer.js';
import type { HmacHex } from './card-hash-key.js';
import type { CardLookup, CardMatch } from './card-lookup.js';
import type { ExpectedStudents } from './expected-students.js';
import { RecentTaps } from './recent-taps.js';

export interface RecordPunchOptions {
  hmacHex: HmacHex;
  lookup: Pick<CardLookup, 'find'>;
  newPunchId: () => string;
  stampAt: (monoMs: number, wallMs: number) => RowStamp;
  append: (row: RowDraft) => Promise<AppendOutcome>;
  expected: Pick<ExpectedStudents, 'isElsewhere'>;
  log: Log;
}

/** From a card in the field to a row on disk and the light that says so. */
export function createRecordPunch(options: RecordPunchOptions): RecordPresentation {
  const { hmacHex, lookup, newPunchId, stampAt, append, expected, log } = options;
  const recent = new RecentTaps();
  return async (presentation): Promise<FeedbackSignal> => {
    const { deviceId, directionHint } = presentation;
    try {
      const stamp = stampAt(presentation.monoMs, presentation.wallMs);
      const credential = hashRead(presentation.read, hmacHex);
      const match = find(lookup, { credential, stamp, log });
      const outcome = await append({
        kind: 'punch',
        body: {
          ...stamp,
          punch_id: newPunchId(),
          device_id: deviceId,
          kind: 'card',
          credential,
          ...(match.outcome === 'recognized' ? { student: { student_ref: match.studentRef } } : {}),
          ...(directionHint === undefined ? {} : { direction_hint: directionHint }),
        },
      });
      if (!outcome.kept) {
        log.error({ code: outcome.code, deviceId }, 'a tap was refused: it is not on disk');
        return outcome.code === 'STORE_FULL' ? 'disk_full' : 'refused';
      }
      log.debug({ deviceId, seq: outcome.seq, outcome: match.outcome }, 'a tap is kept');
      if (match.outcome !== 'recognized') return 'kept_unknown';
      const { studentRef } = match;
      const isAgain = recent.note(deviceId, studentRef, presentation.monoMs);
      if (expected.isElsewhere(deviceId, studentRef, presentation.wallMs)) return 'kept_elsewhere';
      return isAgain ? 'kept_again' : 'kept';
    } catch (error) {
      // Whatever failed, the row is not known to be kept, and a person waits for a light.
      log.error({ err: error, deviceId }, 'a tap could not be recorded');
      return 'refused';
    }
  };
}

interface Search {
  credential: ReturnType<typeof hashRead>;
  stamp: RowStamp;
  log: Log;
}

/** Recognition only enriches a punch: when it fails, the punch is kept all the same and central recognizes. */
function find(lookup: Pick<CardLookup, 'find'>, { credential, stamp, log }: Search): CardMatch {
  try {
    const atMs = stamp.clock_state === 'synced' ? Date.parse(stamp.occurred_at) : undefined;
    return lookup.find(credential, atMs);
  } catch (error) {
    log.error({ err: error }, 'the roster could not be read');
    return { outcome: 'unknown' };
  }
}
