import type { PunchKind } from '@rollcall/protocol/punch';
import type { Source } from './facts.js';
import type { MarkRule } from './rule.js';

/** The seed's word for how the deciding capture was taken. A terminal's PIN pad is part of a biometric device. */
const SOURCE_OF_KIND: Record<PunchKind, Source> = {
  card: 'rfid',
  finger: 'biometric',
  face: 'biometric',
  pin: 'biometric',
  password: 'biometric',
  claim: 'system',
};

/**
 * The earliest capture that counts decides (domain D0, cases 26, 28, 29): present up to start + grace, late up
 * to the cut-off, both inclusive. After the cut-off this rule is silent and `late-arrival` speaks, because
 * an earlier capture may still be waiting in a gateway.
 */
export const arrivalRule: MarkRule = {
  id: 'arrival',
  judge([first], _facts, limits) {
    if (first === undefined || first.atMs > limits.lateUntilMs) return undefined;
    const isOnTime = first.atMs <= limits.presentUntilMs;
    return {
      mark: isOnTime ? 'present' : 'late',
      reason: isOnTime ? 'ON_TIME' : 'LATE',
      source: SOURCE_OF_KIND[first.kind] ?? 'system',
      markedAtMs: first.atMs,
      usedCaptures: [first],
      usedDecisions: [],
    };
  },
};

/** After the cut-off: absent with the capture kept, once no earlier capture can turn up any more. */
export const lateArrivalRule: MarkRule = {
  id: 'late-arrival',
  judge([first], { session }) {
    if (first === undefined) return undefined;
    const isFinal = session.status === 'finalized' || session.status === 'locked';
    return {
      mark: isFinal ? 'absent' : 'pending',
      reason: 'ARRIVED_AFTER_CUTOFF',
      source: SOURCE_OF_KIND[first.kind] ?? 'system',
      markedAtMs: first.atMs,
      usedCaptures: [first],
      usedDecisions: [],
    };
  },
};
