import type { EvidenceRule, IgnoredCapture, TimedCapture } from './rule.js';

/**
 * Captures within DEBOUNCE_SECONDS after one that counted are the same presentation (domain case 44). The time
 * runs from the capture that counted, so a student who taps for ever still counts once a minute. The room
 * rule runs before: all captures here come from one reader group.
 */
export const debounceRule: EvidenceRule = {
  id: 'debounce',
  sift(captures, { session }) {
    const windowMs = session.policy.debounce_seconds * 1000;
    const kept: TimedCapture[] = [];
    const ignored: IgnoredCapture[] = [];
    for (const capture of captures) {
      const last = kept.at(-1);
      if (last !== undefined && capture.atMs - last.atMs < windowMs)
        ignored.push({ capture, why: 'DEBOUNCED' });
      else kept.push(capture);
    }
    return { kept, ignored };
  },
};
