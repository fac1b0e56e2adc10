import { absenceRule } from './absence.js';
import {
  arrivalRule,
  capturePerPeriodRule,
  carryRule,
  fingerNeededRule,
  lateArrivalRule,
  tooShortRule,
} from './arrival.js';
import { clashRule, countedElsewhereRule, guestRule } from './elsewhere.js';
import { heldRule } from './held.js';
import {
  bulkDecisionRule,
  confirmationRule,
  correctionRule,
  explicitDecisionRule,
} from './human-decision.js';
import { rosterRule } from './roster.js';
import type { MarkRule } from './rule.js';
import { holidayRule, leaveRule, statusRule } from './standing.js';

/**
 * What the mark is: the first rule that answers decides (domain D0, precedence; the lock is kept by whoever
 * saves). The last one always answers.
 */
export const MARK_RULES: readonly MarkRule[] = [
  heldRule,
  correctionRule,
  rosterRule,
  holidayRule,
  explicitDecisionRule,
  countedElsewhereRule,
  statusRule,
  clashRule,
  carryRule,
  arrivalRule,
  guestRule,
  leaveRule,
  tooShortRule,
  confirmationRule,
  bulkDecisionRule,
  fingerNeededRule,
  capturePerPeriodRule,
  lateArrivalRule,
  absenceRule,
];
