import { assuranceOf } from './assurance.js';
import { type Facts, walkKey } from './facts.js';
import type { EvidenceRule, IgnoredCapture, TimedCapture } from './rule.js';

const MINUTE_MS = 60_000;

/**
 * Nobody is in two buildings at once (domain cases 51, 52): of two captures that are too close in time the one
 * that proves more stands; of equals both stand in doubt.
 */
export const travelRule: EvidenceRule = {
  id: 'travel',
  sift(captures, facts) {
    if (facts.session.policy.walk_minutes === 0) return { kept: captures, ignored: [] };
    const kept: TimedCapture[] = [];
    const ignored: IgnoredCapture[] = [];
    const doubted = new Set<TimedCapture>();
    for (const capture of captures) {
      if (isBelieved(capture, { kept, ignored, doubted }, facts)) kept.push(capture);
      else ignored.push({ capture, why: 'IMPOSSIBLE_TRAVEL' });
    }
    return { kept, ignored, doubted: [...doubted] };
  },
};

interface Sofar {
  kept: TimedCapture[];
  ignored: IgnoredCapture[];
  doubted: Set<TimedCapture>;
}

/** Compares with what is believed so far, and takes back what proves less. */
function isBelieved(capture: TimedCapture, { kept, ignored, doubted }: Sofar, facts: Facts): boolean {
  for (let last = kept.at(-1); last !== undefined; last = kept.at(-1)) {
    if (capture.atMs - last.atMs >= walkMs(last, capture, facts)) return true;
    const difference = assuranceOf(capture) - assuranceOf(last);
    if (difference < 0) return false;
    if (difference === 0) {
      doubted.add(last);
      doubted.add(capture);
      return true;
    }
    kept.pop();
    ignored.push({ capture: last, why: 'IMPOSSIBLE_TRAVEL' });
  }
  return true;
}

/** Zero within a building, and where a building is not known. */
function walkMs(from: TimedCapture, to: TimedCapture, { places, walks, session }: Facts): number {
  const a = from.roomId === null ? undefined : places?.get(from.roomId)?.buildingId;
  const b = to.roomId === null ? undefined : places?.get(to.roomId)?.buildingId;
  if (a === undefined || b === undefined || a === b) return 0;
  return (walks?.get(walkKey(a, b)) ?? session.policy.walk_minutes) * MINUTE_MS;
}
