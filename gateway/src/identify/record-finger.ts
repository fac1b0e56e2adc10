import { type Clock, delay } from '@rollcall/protocol/clock';
import { hashRead } from '@rollcall/protocol/credential';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FingerPresentation, RecordFinger } from '../devices/presentation.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import type { RowDraft, RowStamp } from '../store/outbox-row.js';
import type { AppendOutcome } from '../store/writer.js';
import type { HmacHex } from './card-hash-key.js';
import type { ExpectedStudents } from './expected-students.js';
import type { GallerySync } from './gallery-sync.js';
import type { Matcher } from './matcher.js';
import { RecentTaps } from './recent-taps.js';

/** A person waits for the light no longer. */
export const MATCH_TIMEOUT_MS = 10_000;

export interface RecordFingerOptions {
  hmacHex: HmacHex;
  slots: Pick<GallerySync, 'holderOf'>;
  matcher: Matcher;
  newPunchId: () => string;
  stampAt: (monoMs: number, wallMs: number) => RowStamp;
  append: (row: RowDraft) => Promise<AppendOutcome>;
  expected: Pick<ExpectedStudents, 'isElsewhere'>;
  clock: Clock;
  log: Log;
}

interface Holder {
  studentRef: string;
  score?: number;
}

/**
 * From a finger on a scanner to a row on disk. A finger that is nobody's is no evidence of anybody: it leaves no row,
 * and the person is told to try again or to use the card.
 */
export function createRecordFinger(options: RecordFingerOptions): RecordFinger {
  const { newPunchId, stampAt, append, expected, hmacHex, log } = options;
  const recent = new RecentTaps();
  return async (presentation): Promise<FeedbackSignal> => {
    const { deviceId, directionHint, card, monoMs, wallMs } = presentation;
    try {
      const stamp = stampAt(monoMs, wallMs);
      const holder = await recognize(presentation, options);
      if (holder === undefined || (card !== undefined && card.studentRef !== holder.studentRef)) {
        log.debug({ deviceId }, 'a finger was not recognized');
        return 'not_recognized';
      }
      const { studentRef, score } = holder;
      const outcome = await append({
        kind: 'punch',
        body: {
          ...stamp,
          punch_id: newPunchId(),
          device_id: deviceId,
          kind: 'finger',
          ...(card === undefined
            ? {}
            : { verify_method: 'card+finger', credential: hashRead(card.read, hmacHex) }),
          student: { student_ref: studentRef, ...(score === undefined ? {} : { score }) },
          ...(directionHint === undefined ? {} : { direction_hint: directionHint }),
        },
      });
      if (!outcome.kept) {
        log.error({ code: outcome.code, deviceId }, 'a finger was refused: it is not on disk');
        return outcome.code === 'STORE_FULL' ? 'disk_full' : 'refused';
      }
      log.debug({ deviceId, seq: outcome.seq }, 'a finger is kept');
      const isAgain = recent.note(deviceId, studentRef, monoMs);
      const isPlaced = stamp.clock_state === 'synced';
      if (isPlaced && expected.isElsewhere(deviceId, studentRef, wallMs)) return 'kept_elsewhere';
      return isAgain ? 'kept_again' : 'kept';
    } catch (error) {
      log.error({ err: error, deviceId }, 'a finger could not be recorded');
      return 'refused';
    }
  };
}

async function recognize(
  { deviceId, finger, card }: FingerPresentation,
  { slots, matcher, clock }: RecordFingerOptions,
): Promise<Holder | undefined> {
  if ('slot' in finger) {
    const studentRef = slots.holderOf(deviceId, finger.slot);
    if (studentRef === undefined) return undefined;
    return finger.score === undefined ? { studentRef } : { studentRef, score: finger.score };
  }
  if ('verified' in finger) return { studentRef: finger.verified, score: finger.score };
  const late = new AbortController();
  const done = new AbortController();
  delay(clock, MATCH_TIMEOUT_MS, done.signal).then(
    () => late.abort(new RollcallError('DEVICE_TIMEOUT', 'Comparing a finger took too long')),
    () => undefined,
  );
  try {
    const match = await matcher.identify(finger, {
      signal: late.signal,
      ...(card === undefined ? {} : { only: card.studentRef }),
    });
    return match.outcome === 'recognized' ? { studentRef: match.studentRef, score: match.score } : undefined;
  } finally {
    done.abort();
  }
}
