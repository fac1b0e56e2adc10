import type { DeciderLevel } from '../auth/decider.js';
import { type CorrectableMark, isCorrectable } from '../corrections/correction-row.js';

export const ITEM_DECISIONS = [
  'acknowledge',
  'confirm',
  'not_held',
  'cancel',
  'hold',
  'keep_mark',
  'use_evidence',
  'mark',
  'use_roll',
  'statement',
  'propose_correction',
] as const;
export type ItemDecision = (typeof ITEM_DECISIONS)[number];

export interface ItemRule {
  /** Who answers, where the item is about a class. */
  level: DeciderLevel;
  decisions: readonly ItemDecision[];
}

/** What can be answered to what; anything else is looked at and acknowledged. */
const RULES: Readonly<Record<string, ItemRule>> = {
  // Nobody touched the class (domain case 15).
  CONFIRM_CLASS: { level: 'faculty', decisions: ['confirm', 'not_held'] },
  // A person against the evidence (case 30): not answered by the one who decided.
  EVIDENCE_CONFLICT: { level: 'hod', decisions: ['keep_mark', 'use_evidence'] },
  // On two rosters at once (case 53); or the timetable itself, and then there is no student to mark.
  CLASH: { level: 'hod', decisions: ['mark', 'acknowledge'] },
  // A device that stays silent (case 84).
  WATERMARK_OVERDUE: { level: 'hod', decisions: ['use_roll', 'not_held', 'statement'] },
  // Evidence for a locked class (case 83).
  LATE_AFTER_LOCK: { level: 'faculty', decisions: ['propose_correction', 'keep_mark'] },
  // A holiday begins or ends during the class (case 7).
  HOLIDAY_STRADDLE: { level: 'hod', decisions: ['hold', 'cancel'] },
  // A pattern of many classes, never a punishment (case 112).
  CARDS_TOGETHER: { level: 'hod', decisions: ['acknowledge'] },
  // Likewise (case 119): never answered by whoever it is about.
  SWIFT_MARKING: { level: 'hod', decisions: ['acknowledge'] },
};

const ORDINARY: ItemRule = { level: 'faculty', decisions: ['acknowledge'] };

export const ruleOf = (code: string): ItemRule => RULES[code] ?? ORDINARY;

export interface AnsweredItem {
  code: string;
  detail: Record<string, unknown>;
}

/** What can be answered to this item: a correction is proposed only where one can be asked for (domain case 83). */
export function decisionsOf({ code, detail }: AnsweredItem): readonly ItemDecision[] {
  const { decisions } = ruleOf(code);
  if (proposedMark(detail) !== undefined) return decisions;
  return decisions.filter((decision) => decision !== 'propose_correction');
}

/** What the mark would be, where a person can ask for it. Items from phones did not always name the mark that there was. */
export function proposedMark({
  mark,
  would_be: wouldBe,
}: Record<string, unknown>): CorrectableMark | undefined {
  if (mark !== undefined && !isCorrectable(mark)) return undefined;
  return isCorrectable(wouldBe) ? wouldBe : undefined;
}
