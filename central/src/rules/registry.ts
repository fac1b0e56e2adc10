import { absenceRule } from './absence.js';
import { arrivalRule, lateArrivalRule } from './arrival.js';
import { closeRule } from './close.js';
import { credentialRule } from './credential.js';
import { debounceRule } from './debounce.js';
import { directionRule } from './direction.js';
import { earlyRule } from './early.js';
import { heldRule } from './held.js';
import { bulkDecisionRule, explicitDecisionRule } from './human-decision.js';
import { roomRule } from './room.js';
import { rosterRule } from './roster.js';
import type { EvidenceRule, MarkRule } from './rule.js';

/**
 * Which captures count, in this order. Debouncing comes last: a capture that does not count must not swallow
 * one that does.
 */
export const EVIDENCE_RULES: readonly EvidenceRule[] = [
  credentialRule,
  roomRule,
  directionRule,
  earlyRule,
  closeRule,
  debounceRule,
];

/** What the mark is: the first rule that answers decides (domain D0, precedence). The last one always answers. */
export const MARK_RULES: readonly MarkRule[] = [
  rosterRule,
  heldRule,
  explicitDecisionRule,
  arrivalRule,
  bulkDecisionRule,
  lateArrivalRule,
  absenceRule,
];
