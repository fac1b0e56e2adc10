import { type Clock, delay } from '@rollcall/protocol/clock';
import { hashRead } from '@rollcall/protocol/credential';
import { isRollcallError, isTransient, RollcallError } from '@rollcall/protocol/errors';
import type { Punch } from '@rollcall/protocol/punch';
import type { FingerPresentation, RecordFinger } from '../devices/presentation.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { AppendOutcome } from '../store/writer.js';
import type { ExpectedStudents } from './expected-students.js';
import type { GallerySync } from './gallery-sync.js';
import type { HmacHex } from './keyed-hash.js';
import type { Matcher, MatchOptions, Probe } from './matcher.js';
import { RecentTaps } from './recent-taps.js';

/** A person waits for the light no longer. */
export const MATCH_TIMEOUT_MS = 10_000;

export interface RecordFingerOptions {
  hmacHex: HmacHex;
  slots: Pick<GallerySync, 'holderOf' | 'positionOf'>;
  matcher: Matcher;
  newPunchId: () => string;
  stampAt: (monoMs: number, wallMs: number) => RowStamp;
  append: (row: RowDraft) => Promise<AppendOutcome>;
  /** Whether central takes rows that say which finger it was. */
  maySayFinger: () => boolean;
  expected: Pick<ExpectedStudents, 'isElsewhere' | 'studentsAt'>;
  clock: Clock;
  log: Log;
}

interface Recognized {
  studentRef: string;
  /** Which finger it was (ISO/IEC 19794-2); undefined where that is not known. */
  position: number | undefined;
  score: number | undefined;
}

type Recognition =
  | Recognized
  /** Nobody's, for the log. */
  | { reason: 'slot_of_nobody' | 'unknown' | 'unreadable' | 'not_of_the_card' }
  | { reason: 'ambiguous'; studentRefs: readonly [string, string] };

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
      const recognition = await recognize(presentation, stamp, options);
      if ('reason' in recognition) {
        log.debug({ deviceId, reason: recognition.reason }, 'a finger was not recognized');
        if (recognition.reason === 'ambiguous') {
          log.warn({ deviceId, code: 'AMBIGUOUS_MATCH' }, 'a finger fits two people alike; nobody is marked');
          await append(ambiguousRow(stamp, deviceId, recognition.studentRefs));
        }
        return 'not_recognized';
      }
      const { studentRef } = recognition;
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
          student: studentIn(recognition, options.maySayFinger()),
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
      const facts = { err: error, deviceId, ...(isRollcallError(error) ? { code: error.code } : {}) };
      if (isTransient(error)) log.warn(facts, 'a finger could not be recorded for now');
      else log.error(facts, 'a finger could not be recorded');
      return 'refused';
    }
  };
}

function studentIn({ studentRef, position, score }: Recognized, mayTell: boolean): Punch['student'] {
  return {
    student_ref: studentRef,
    ...(score === undefined ? {} : { score }),
    ...(position === undefined || !mayTell ? {} : { finger_position: position }),
  };
}

function ambiguousRow(stamp: RowStamp, deviceId: string, studentRefs: readonly [string, string]): RowDraft {
  return eventRow(stamp, {
    type: 'finger_ambiguous',
    device_id: deviceId,
    // The search tells the better one first: the same two the other way round are the same question.
    student_refs: [...studentRefs].sort(),
  });
}

async function recognize(
  presentation: FingerPresentation,
  stamp: RowStamp,
  options: RecordFingerOptions,
): Promise<Recognition> {
  const { card } = presentation;
  const found = await find(presentation, stamp, options);
  const isOther = 'studentRef' in found && card !== undefined && card.studentRef !== found.studentRef;
  return isOther ? { reason: 'not_of_the_card' } : found;
}

async function find(
  presentation: FingerPresentation,
  stamp: RowStamp,
  options: RecordFingerOptions,
): Promise<Recognition> {
  const { deviceId, finger } = presentation;
  if ('slot' in finger) {
    const { slot, score } = finger;
    const studentRef = options.slots.holderOf(deviceId, slot);
    if (studentRef === undefined) return { reason: 'slot_of_nobody' };
    return { studentRef, position: options.slots.positionOf(deviceId, slot), score };
  }
  if ('verified' in finger) {
    const { verified: studentRef, position, score } = finger;
    return { studentRef, position, score };
  }
  return byProbe(finger, presentation, { ...options, stamp });
}

async function byProbe(
  probe: Probe,
  presentation: FingerPresentation,
  { matcher, clock, expected, stamp }: RecordFingerOptions & { stamp: RowStamp },
): Promise<Recognition> {
  const late = new AbortController();
  const done = new AbortController();
  delay(clock, MATCH_TIMEOUT_MS, done.signal).then(
    () => late.abort(new RollcallError('DEVICE_TIMEOUT', 'Comparing a finger took too long')),
    () => undefined,
  );
  try {
    const match = await matcher.identify(probe, {
      signal: late.signal,
      ...scopeOf(presentation, stamp, expected),
    });
    if (match.outcome === 'recognized') {
      const { studentRef, position, score } = match;
      return { studentRef, position, score };
    }
    if (match.outcome === 'ambiguous') return { reason: 'ambiguous', studentRefs: match.studentRefs };
    return { reason: match.outcome };
  } finally {
    done.abort();
  }
}

function scopeOf(
  { deviceId, card, wallMs }: FingerPresentation,
  stamp: RowStamp,
  expected: RecordFingerOptions['expected'],
): Omit<MatchOptions, 'signal'> {
  if (card !== undefined) return { only: card.studentRef };
  // Who has class now is not known without knowing when now is.
  return stamp.clock_state === 'synced' ? { expected: expected.studentsAt(deviceId, wallMs) } : {};
}
