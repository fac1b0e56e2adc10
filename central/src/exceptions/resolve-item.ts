import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { requireDecider } from '../auth/decider.js';
import type { Principal } from '../auth/principal.js';
import { askAboutNextHalfDay } from '../calendar/ask-about-half-days.js';
import { holdCalendar } from '../calendar/hold-calendar.js';
import { type DecidedMark, decideMarks, holdForMarking, withdrawDecisions } from '../capture/decide-marks.js';
import { rosterOf } from '../capture/roster-of.js';
import { isCorrectable } from '../corrections/correction-row.js';
import { proposeAfterLock } from '../corrections/request-correction.js';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';
import { changeSession } from '../sessions/change-session.js';
import { type HeldSession, holdSession } from '../sessions/session-row.js';
import { decisionsOf, type ItemDecision, proposedMark, ruleOf } from './item-rules.js';
import { looksAfter } from './item-scope.js';

export interface ItemAnswer {
  id: string;
  decision: ItemDecision;
  reason: string;
  /** For `mark`. */
  mark?: DecidedMark | undefined;
  /** For `statement`: what students have stated, by roll number or id. */
  marks?: readonly { student: string; mark: DecidedMark }[] | undefined;
  principal: Principal;
  seal: Seal;
  nowMs: number;
}

interface HeldItem {
  id: string;
  code: string;
  session_id: string | null;
  student_id: string | null;
  detail: Record<string, unknown>;
  resolved_at: Date | null;
}

/**
 * Answers one item, with all that follows from the answer, in the caller's transaction.
 *
 * @throws RollcallError `NOT_FOUND`, `ALREADY_DECIDED`, `REQUEST_INVALID`, `HIGHER_DECIDER_NEEDED`, and whatever
 *   the act itself is refused for: `SESSION_LOCKED`, `INVALID_TRANSITION`, `NOT_ON_ROSTER`, `CORRECTION_PENDING`
 */
export async function resolveItem(trx: Knex, answer: ItemAnswer): Promise<void> {
  const { id, decision, reason, principal, nowMs } = answer;
  const { session, ...item } = await holdItem(trx, id);
  if (item.resolved_at !== null) {
    throw new RollcallError('ALREADY_DECIDED', `This item was resolved at ${item.resolved_at.toISOString()}`);
  }
  const decisions = decisionsOf(item);
  if (!decisions.includes(decision)) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `decision: ${item.code} is answered by ${decisions.join(' or ')} here`,
    );
  }
  const isOwn = decision === 'acknowledge' && looksAfter(principal, item);
  if (item.session_id !== null && !isOwn) {
    await requireDecider(trx, principal, {
      permission: 'exceptions.decide',
      needed: ruleOf(item.code).level,
      of: { sessionId: item.session_id },
    });
    await act(trx, { ...item, session_id: item.session_id }, answer);
  }
  // Last: whoever judges this class meanwhile must not wait for the item while holding the class.
  await trx('exception_item')
    .where({ id })
    .update({
      resolved_at: new Date(nowMs),
      resolved_by: principal.accountId,
      decision,
      decision_reason: reason,
    });
  if (item.code === STRADDLE && decision === 'hold' && session !== undefined) {
    await askAboutNextHalfDay(trx, session, nowMs);
  }
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'exception_item',
      entityId: id,
      action: 'resolve',
      performedBy: principal.accountId,
      reason,
      before: { code: item.code, detail: item.detail },
      after: { decision, mark: answer.mark ?? null, marks: answer.marks ?? null },
      sessionId: item.session_id,
      studentId: item.student_id,
    },
  ]);
}

const STRADDLE = 'HOLIDAY_STRADDLE';

type ClassItem = HeldItem & { session_id: string };

/**
 * The class first: whoever changes it settles its items while holding it. Before it the holidays, where another half-day
 * may have to be asked about.
 */
async function holdItem(
  trx: Knex,
  id: string,
): Promise<HeldItem & { session: Pick<HeldSession, 'id' | 'scheduled_date'> | undefined }> {
  const of = await trx('exception_item')
    .where({ id })
    .first<Pick<HeldItem, 'session_id' | 'code'> | undefined>('session_id', 'code');
  if (of?.code === STRADDLE) await holdCalendar(trx);
  const session = of?.session_id == null ? undefined : await holdSession(trx, of.session_id);
  const item = await trx('exception_item').where({ id }).forUpdate().first<HeldItem | undefined>();
  if (item === undefined)
    throw new RollcallError('NOT_FOUND', `There is no item ${id}; look it up in the list`);
  return { ...item, session };
}

async function act(trx: Knex, item: ClassItem, answer: ItemAnswer): Promise<void> {
  switch (answer.decision) {
    case 'not_held':
      return change(trx, item, answer, { action: 'not_held', statusReason: 'NOT_HELD_BY_HAND' });
    case 'cancel':
      return change(trx, item, answer, { action: 'cancel', statusReason: 'CANCELLED_BY_HAND' });
    case 'use_roll':
      return change(trx, item, answer, { action: 'finalize', statusReason: 'FINALIZED_BY_HAND' });
    case 'statement':
      await markByStatement(trx, item, answer);
      return change(trx, item, answer, { action: 'finalize', statusReason: 'FINALIZED_BY_HAND' });
    case 'use_evidence':
      return letEvidenceStand(trx, item, answer);
    case 'mark':
      return markOne(trx, item, answer);
    case 'propose_correction':
      return propose(trx, item, answer);
    default:
      return;
  }
}

function change(
  trx: Knex,
  item: ClassItem,
  { reason, principal, nowMs }: ItemAnswer,
  act: { action: 'not_held' | 'cancel' | 'finalize'; statusReason: string },
): Promise<void> {
  return changeSession(trx, {
    sessionId: item.session_id,
    ...act,
    reason,
    nowMs,
    actor: { performedBy: principal.accountId, source: 'manual' },
    authority: 'head',
  });
}

/** What the students state stands in for the silent device; who states nothing is absent (domain case 84). */
async function markByStatement(trx: Knex, item: ClassItem, answer: ItemAnswer): Promise<void> {
  const { marks = [], reason, principal, nowMs } = answer;
  if (marks.length === 0)
    throw new RollcallError('REQUEST_INVALID', 'marks: list who states to have been there');
  await holdForMarking(trx, item.session_id);
  const roster = new Map(
    (await rosterOf(trx, item.session_id)).flatMap(({ studentId, rollNumber }) => [
      [studentId, studentId],
      [rollNumber.toLowerCase(), studentId],
    ]),
  );
  const rows = marks.map(({ student, mark }) => {
    const studentId = roster.get(student.toLowerCase());
    if (studentId !== undefined) return { studentId, mark, reason, kind: 'explicit' as const };
    throw new RollcallError('NOT_ON_ROSTER', `${student} is not on the roster of this class on its date`);
  });
  await decideMarks(trx, {
    sessionId: item.session_id,
    rows,
    source: 'manual',
    accountId: principal.accountId,
    nowMs,
  });
}

/** Takes back what people decided about this mark: it becomes what was captured (domain case 30). */
async function letEvidenceStand(
  trx: Knex,
  item: ClassItem,
  { reason, principal, nowMs }: ItemAnswer,
): Promise<void> {
  if (item.student_id === null) return;
  await holdForMarking(trx, item.session_id);
  await withdrawDecisions(trx, {
    sessionId: item.session_id,
    studentId: item.student_id,
    reason,
    accountId: principal.accountId,
    nowMs,
  });
}

async function markOne(
  trx: Knex,
  item: ClassItem,
  { mark, reason, principal, nowMs }: ItemAnswer,
): Promise<void> {
  if (item.student_id === null) {
    throw new RollcallError('REQUEST_INVALID', 'decision: this item is about no student; acknowledge it');
  }
  if (mark === undefined) throw new RollcallError('REQUEST_INVALID', 'mark: say which mark it is');
  await holdForMarking(trx, item.session_id);
  await decideMarks(trx, {
    sessionId: item.session_id,
    rows: [{ studentId: item.student_id, mark, reason, kind: 'explicit' }],
    source: 'manual',
    accountId: principal.accountId,
    nowMs,
  });
}

/** One tap: the item holds what the mark would be (domain case 83). */
async function propose(
  trx: Knex,
  item: ClassItem,
  { reason, principal, seal, nowMs }: ItemAnswer,
): Promise<void> {
  const record = await trx('attendance_record')
    .where({ session_id: item.session_id, student_id: item.student_id })
    .first<{ mark: string } | undefined>('mark');
  const toMark = proposedMark(item.detail);
  const fromMark = record?.mark;
  if (item.student_id === null || !isCorrectable(fromMark) || toMark === undefined || fromMark === toMark) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'decision: there is no other mark to propose here; answer keep_mark',
    );
  }
  await proposeAfterLock(
    trx,
    { sessionId: item.session_id, studentId: item.student_id, fromMark, toMark, reason },
    { seal, accountId: principal.accountId, nowMs },
  );
}
