import { hashRead } from '@rollcall/protocol/credential';
import { pinText } from '@rollcall/protocol/pin';
import type { Presentation, RecordPresentation } from '../devices/presentation.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { Log } from '../log.js';
import type { RowDraft, RowStamp } from '../store/outbox-row.js';
import type { AppendOutcome } from '../store/writer.js';
import type { CardLookup, CardMatch } from './card-lookup.js';
import type { ExpectedStudents } from './expected-students.js';
import type { HmacHex } from './keyed-hash.js';
import type { PinTries } from './pin-tries.js';
import { RecentTaps } from './recent-taps.js';

export interface RecordPunchOptions {
  hmacHex: HmacHex;
  lookup: Pick<CardLookup, 'find' | 'hasPin'>;
  pinTries: Pick<PinTries, 'isLocked' | 'wrong' | 'right'>;
  newPunchId: () => string;
  stampAt: (monoMs: number, wallMs: number) => RowStamp;
  append: (row: RowDraft) => Promise<AppendOutcome>;
  expected: Pick<ExpectedStudents, 'isElsewhere'>;
  log: Log;
}

/** From a card in the field, or a PIN typed after it, to a row on disk and the light that says so. */
export function createRecordPunch(options: RecordPunchOptions): RecordPresentation {
  const { hmacHex, lookup, newPunchId, stampAt, append, expected, log } = options;
  const recent = new RecentTaps();
  return async (presentation): Promise<FeedbackSignal> => {
    const { deviceId, directionHint, pin } = presentation;
    try {
      const stamp = stampAt(presentation.monoMs, presentation.wallMs);
      const credential = hashRead(presentation.read, hmacHex);
      const match = find(lookup, { credential, stamp, log });
      if (pin !== undefined && !isRightPin(options, { match, pin, stamp, deviceId })) return 'pin_wrong';
      const outcome = await append({
        kind: 'punch',
        body: {
          boot_id: stamp.boot_id,
          mono_ms: stamp.mono_ms,
          occurred_at: stamp.occurred_at,
          clock_state: stamp.clock_state,
          punch_id: newPunchId(),
          device_id: deviceId,
          // A PIN is a punch of its own: the card before it is kept already, with its own time.
          kind: pin === undefined ? 'card' : 'pin',
          // What is undefined stays out of the row.
          verify_method: pin === undefined ? undefined : 'card+pin',
          credential,
          student: match.outcome === 'recognized' ? { student_ref: match.studentRef } : undefined,
          direction_hint: directionHint,
        },
      });
      if (!outcome.kept) {
        log.error({ code: outcome.code, deviceId }, 'a tap was refused: it is not on disk');
        return outcome.code === 'STORE_FULL' ? 'disk_full' : 'refused';
      }
      log.debug({ deviceId, seq: outcome.seq, outcome: match.outcome }, 'a tap is kept');
      if (match.outcome !== 'recognized') return 'kept_unknown';
      // Whoever typed it has been told about the card already.
      if (pin !== undefined) return 'kept';
      const { studentRef } = match;
      const isAgain = recent.note(deviceId, studentRef, presentation.monoMs);
      // A wrong clock would send people away from their own class.
      const isPlaced = stamp.clock_state === 'synced';
      if (isPlaced && expected.isElsewhere(deviceId, studentRef, presentation.wallMs))
        return 'kept_elsewhere';
      return isAgain ? 'kept_again' : 'kept';
    } catch (error) {
      // Whatever failed, the row is not known to be kept, and a person waits for a light.
      log.error({ err: error, deviceId }, 'a tap could not be recorded');
      return 'refused';
    }
  };
}

interface TypedPin extends Pick<Presentation, 'deviceId'> {
  match: CardMatch;
  pin: string;
  stamp: RowStamp;
}

/** A PIN proves something only together with a card that names its owner. */
function isRightPin(
  { hmacHex, lookup, pinTries, log }: RecordPunchOptions,
  { match, pin, stamp, deviceId }: TypedPin,
): boolean {
  if (match.outcome !== 'recognized') return false;
  const { studentRef } = match;
  if (pinTries.isLocked(studentRef)) {
    log.warn({ deviceId }, 'too many wrong PINs of one card; further ones are not looked at for a while');
    return false;
  }
  const isRight = lookup.hasPin(studentRef, hmacHex(pinText(studentRef, pin)), instantOf(stamp));
  if (isRight) pinTries.right(studentRef);
  else pinTries.wrong(studentRef);
  return isRight;
}

interface Search {
  credential: ReturnType<typeof hashRead>;
  stamp: RowStamp;
  log: Log;
}

/** Recognition only enriches a punch: when it fails, the punch is kept all the same and central recognizes. */
function find(lookup: Pick<CardLookup, 'find'>, { credential, stamp, log }: Search): CardMatch {
  try {
    return lookup.find(credential, instantOf(stamp));
  } catch (error) {
    log.error({ err: error }, 'the roster could not be read');
    return { outcome: 'unknown' };
  }
}

const instantOf = (stamp: RowStamp): number | undefined =>
  stamp.clock_state === 'synced' ? Date.parse(stamp.occurred_at) : undefined;
