import type { EvidenceRule, IgnoredCapture, TimedCapture } from './rule.js';

/**
 * Captures within DEBOUNCE_SECONDS after one that counted, in the same room, are the same presentation (domain
 * case 44). The time runs from the capture that counted, so a student who taps for ever still counts once a
 * minute. Two kinds are two presentations: a card with a finger proves more than either.
 */
export const debounceRule: EvidenceRule = {
  id: 'debounce',
  sift(captures, { session }) {
    const windowMs = session.policy.debounce_seconds * 1000;
    const kept: TimedCapture[] = [];
    const ignored: IgnoredCapture[] = [];
    for (const capture of captures) {
      const isRepeated = kept.some(
        (last) =>
          capture.atMs - last.atMs < windowMs &&
          last.roomId === capture.roomId &&
          (last.kind === capture.kind || session.policy.rules_version === 1),
      );
      if (isRepeated) ignored.push({ capture, why: 'DEBOUNCED' });
      else kept.push(capture);
    }
    return { kept, ignored };
  },
};
