import type { EvidenceItem, Explanation } from '../../api/types.js';

/** Why a mark is what it is, as parts that any language can put in its own order. */
export type Sentence =
  | {
      kind: 'tap';
      text: 'present' | 'late' | 'tooLate';
      punchKind: string;
      place: string;
      at: string;
      limit: string;
    }
  | { kind: 'absent'; from: string; to: string }
  | { kind: 'pending'; waitingFor: readonly string[] }
  /** Decided by something else (a person, a leave): the words for its reason, or central's own. */
  | { kind: 'told'; reason: string; text: string };

/** Reasons whose absence follows from taps and times alone; another one has a story of its own. */
const PLAIN_ABSENCES = new Set(['NO_CAPTURE', 'ARRIVED_AFTER_CUTOFF']);

export function sentenceOf(explanation: Explanation): Sentence {
  const { mark, limits, evidence } = explanation;
  const decisive = evidence.find((item) => item.used && item.effective_at !== null);
  if (mark === 'present' && decisive) return tap('present', decisive, limits.present_until);
  if (mark === 'late' && decisive) return tap('late', decisive, limits.present_until);
  if (mark === 'pending' && evidence.every((item) => !item.used)) {
    return { kind: 'pending', waitingFor: explanation.waiting_for };
  }
  if (mark === 'absent' && PLAIN_ABSENCES.has(explanation.reason)) {
    return decisive
      ? tap('tooLate', decisive, limits.late_until)
      : { kind: 'absent', from: limits.accepted_from, to: limits.late_until };
  }
  return { kind: 'told', reason: explanation.reason, text: explanation.text };
}

function tap(text: 'present' | 'late' | 'tooLate', item: EvidenceItem, limit: string): Sentence {
  return {
    kind: 'tap',
    text,
    punchKind: item.kind,
    place: item.room_name ?? item.device_name,
    at: item.effective_at ?? limit,
    limit,
  };
}
