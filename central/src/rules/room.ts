import { type Facts, isOfClass } from './facts.js';
import { isHere } from './pairing.js';
import type { IgnoreReason } from './reasons.js';
import type { EvidenceRule, IgnoredCapture, TimedCapture } from './rule.js';

/** Who was at the old room before the class moved has this long to appear in the new one (domain case 57). */
const REDIRECT_MS = 600_000;

/**
 * Another room's capture is kept and shown but makes no mark: wrong room, gate, library (cases 54–56). A class
 * that moved takes what was captured at the old room before, of those who then came to the new one.
 */
export const roomRule: EvidenceRule = {
  id: 'room',
  sift(captures, facts) {
    const kept: TimedCapture[] = [];
    const ignored: IgnoredCapture[] = [];
    for (const capture of captures) {
      const why = whyElsewhere(capture, captures, facts);
      if (why === undefined) kept.push(capture);
      else ignored.push({ capture, why });
    }
    return { kept, ignored };
  },
};

function whyElsewhere(
  capture: TimedCapture,
  captures: readonly TimedCapture[],
  { session, places }: Facts,
): IgnoreReason | undefined {
  if (isHere(session, capture)) {
    const leftAtMs = session.rooms.find(({ roomId }) => roomId === capture.roomId)?.untilMs ?? 0;
    const isLeftBefore = !isOfClass(capture.kind) && leftAtMs <= session.startMs;
    if (!isLeftBefore) return undefined;
    const isFollowed = captures.some(
      (next) =>
        next.roomId !== capture.roomId &&
        isHere(session, next) &&
        next.atMs >= capture.atMs &&
        next.atMs <= leftAtMs + REDIRECT_MS,
    );
    return isFollowed ? undefined : 'REDIRECTED';
  }
  const earlier = session.rooms.some(
    ({ roomId, untilMs }) => roomId === capture.roomId && untilMs <= capture.atMs,
  );
  if (earlier) return 'ROOM_MOVED';
  const place = capture.roomId === null ? undefined : places?.get(capture.roomId);
  return place === undefined || place.purpose === 'class' ? 'WRONG_ROOM' : 'PRESENCE_ONLY';
}
