import { RollcallError } from '@rollcall/protocol/errors';
import { type AuditRow, writeAudit } from '../audit/write-audit.js';
import { refuseOwnCase, requireDecider } from '../auth/decider.js';
import type { Principal } from '../auth/principal.js';
import { decideMarks, holdForMarking } from '../capture/decide-marks.js';
import type { Knex } from '../db/database.js';
import { followUpCorrection } from '../notifications/follow-up.js';
import { tellStudents } from '../notifications/tell.js';
import {
  CORRECTION_TABLE,
  type HeldCorrection,
  holdCorrection,
  type RecordNow,
  recordAsSeen,
  unknownCorrection,
} from './correction-row.js';
import { isDelicate } from './crossing.js';

export interface CorrectionDecision {
  id: string;
  verdict: 'approve' | 'reject';
  note: string;
  principal: Principal;
  expectedVersion?: number | undefined;
  nowMs: number;
}

/**
 * Decides about one request. An approval becomes a decision of its own kind, which outranks everything but the
 * lock; another correction is the only way back (domain case 136). It may come after the window: the lock waits
 * for requests that were made in time (case 132).
 *
 * @throws RollcallError `NOT_FOUND`, `ALREADY_DECIDED`, `INVALID_TRANSITION`, `STALE`, `FORBIDDEN`,
 *   `HIGHER_DECIDER_NEEDED`, `SECOND_PERSON_NEEDED`, `SESSION_LOCKED` or `SESSION_CANCELLED`
 */
export async function decideCorrection(trx: Knex, decision: CorrectionDecision): Promise<void> {
  const { id, verdict, principal, expectedVersion } = decision;
  const found = await trx(CORRECTION_TABLE)
    .where({ id })
    .first<{ session_id: string } | undefined>('session_id');
  if (found === undefined) throw unknownCorrection(id);
  // The class first, as requests do: the other way round two of them could wait for each other.
  await trx('attendance_session').where({ id: found.session_id }).forNoKeyUpdate().first('id');
  const request = await holdCorrection(trx, id);
  refuseDecided(request);
  refuseStale(request, expectedVersion);
  await refuseSamePerson(trx, principal, request);
  await requireDecider(trx, principal, {
    permission: 'corrections.decide',
    needed: request.decider_level,
    of: { sessionId: request.session_id },
  });
  if (verdict === 'reject') return reject(trx, request, decision);
  await holdForMarking(trx, request.session_id);
  const record = await recordAsSeen(trx, {
    sessionId: request.session_id,
    studentId: request.student_id,
    fromMark: request.from_mark,
  });
  if (request.first_approved_by === null && (await needsSecondSignature(trx, request, decision))) {
    return signFirst(trx, request, decision);
  }
  return approve(trx, { request, record, decision });
}

function refuseDecided({ status, decided_at: decidedAt }: HeldCorrection): void {
  if (status === 'pending') return;
  if (status === 'cancelled') {
    throw new RollcallError('INVALID_TRANSITION', 'This request was cancelled; there is nothing to decide');
  }
  throw new RollcallError(
    'ALREADY_DECIDED',
    `This request was ${status} at ${decidedAt?.toISOString() ?? 'an earlier time'}; ask for a new correction to change that`,
    { context: { status } },
  );
}

function refuseStale({ version }: HeldCorrection, expected: number | undefined): void {
  if (expected === undefined || expected === version) return;
  throw new RollcallError(
    'STALE',
    `The request has changed since you read it (version ${version}, not ${expected}); read it again and repeat`,
    { context: { version } },
  );
}

/** Who asks does not decide, and who has signed does not sign again. */
async function refuseSamePerson(trx: Knex, principal: Principal, request: HeldCorrection): Promise<void> {
  await refuseOwnCase(trx, principal, request.student_id);
  const { accountId } = principal;
  if (accountId !== request.requested_by && accountId !== request.first_approved_by) return;
  throw new RollcallError(
    'SECOND_PERSON_NEEDED',
    'You have asked for this correction or signed it already; another person has to decide',
  );
}

/** Correcting one's own mark is allowed, but not alone where it decides about an examination (case 135). */
async function needsSecondSignature(
  trx: Knex,
  request: HeldCorrection,
  { principal, nowMs }: CorrectionDecision,
): Promise<boolean> {
  const own = await trx('decision')
    .where({
      session_id: request.session_id,
      student_id: request.student_id,
      decided_by: principal.accountId,
    })
    .whereNull('withdrawn_at')
    .first('id');
  return own !== undefined && (await isDelicate(trx, request, nowMs));
}

async function signFirst(
  trx: Knex,
  request: HeldCorrection,
  { note, principal, nowMs }: CorrectionDecision,
): Promise<void> {
  const now = new Date(nowMs);
  await trx(CORRECTION_TABLE)
    .where({ id: request.id })
    .update({
      first_approved_by: principal.accountId,
      first_approved_at: now,
      first_approval_note: note,
      decider_level: request.decider_level === 'faculty' ? 'hod' : request.decider_level,
      version: request.version + 1,
    });
  await writeAudit(trx, [
    {
      ...auditOf(request, principal, now),
      action: 'correction_signed',
      reason: note,
      after: { needs: 'hod' },
    },
  ]);
}

interface Approval {
  request: HeldCorrection;
  record: RecordNow;
  decision: CorrectionDecision;
}

async function approve(trx: Knex, { request, record, decision }: Approval): Promise<void> {
  const { note, principal, nowMs } = decision;
  const now = new Date(nowMs);
  const { callId } = await decideMarks(trx, {
    sessionId: request.session_id,
    rows: [
      { studentId: request.student_id, mark: request.to_mark, reason: request.reason, kind: 'correction' },
    ],
    source: 'manual',
    accountId: principal.accountId,
    nowMs,
  });
  const made = await trx('decision').where({ call_id: callId }).first<{ id: string }>('id');
  await trx(CORRECTION_TABLE)
    .where({ id: request.id })
    .update({
      status: 'approved',
      decided_by: principal.accountId,
      decided_at: now,
      decision_note: note,
      decision_id: made.id,
      version: request.version + 1,
    });
  await writeAudit(trx, [
    {
      ...auditOf(request, principal, now),
      action: 'correction_approved',
      reason: note,
      before: { mark: record.mark, source: record.source, reason: record.reason },
      after: {
        mark: request.to_mark,
        reason: request.reason,
        document: request.document_name,
        requested_by: request.requested_by,
        first_approved_by: request.first_approved_by,
        decided_by: principal.accountId,
        decision_id: made.id,
      },
    },
  ]);
  await tellDecided(trx, request, decision);
  await followUpCorrection(trx, {
    correctionId: request.id,
    recordId: record.id,
    sessionId: request.session_id,
    studentId: request.student_id,
    from: record.mark,
    to: request.to_mark,
    nowMs,
  });
}

async function reject(trx: Knex, request: HeldCorrection, decision: CorrectionDecision): Promise<void> {
  const { note, principal, nowMs } = decision;
  const now = new Date(nowMs);
  await trx(CORRECTION_TABLE)
    .where({ id: request.id })
    .update({
      status: 'rejected',
      decided_by: principal.accountId,
      decided_at: now,
      decision_note: note,
      version: request.version + 1,
    });
  await writeAudit(trx, [
    {
      ...auditOf(request, principal, now),
      action: 'correction_rejected',
      reason: note,
      before: { status: 'pending' },
      after: { status: 'rejected' },
    },
  ]);
  await tellDecided(trx, request, decision);
}

/** Withdraws a request before anybody has decided. @throws as `decideCorrection` */
export async function cancelCorrection(
  trx: Knex,
  { id, principal, expectedVersion, nowMs }: Omit<CorrectionDecision, 'verdict' | 'note'>,
): Promise<void> {
  const request = await holdCorrection(trx, id);
  if (request.status !== 'pending') {
    throw new RollcallError('INVALID_TRANSITION', `A request that is ${request.status} cannot be cancelled`);
  }
  refuseStale(request, expectedVersion);
  await trx(CORRECTION_TABLE)
    .where({ id })
    .update({ status: 'cancelled', version: request.version + 1 });
  await writeAudit(trx, [
    {
      ...auditOf(request, principal, new Date(nowMs)),
      action: 'cancel',
      before: { status: 'pending' },
      after: { status: 'cancelled' },
    },
  ]);
}

const auditOf = (request: HeldCorrection, { accountId }: Principal, at: Date): Omit<AuditRow, 'action'> => ({
  at,
  entityType: CORRECTION_TABLE,
  entityId: request.id,
  performedBy: accountId,
  sessionId: request.session_id,
  studentId: request.student_id,
});

function tellDecided(
  trx: Knex,
  request: HeldCorrection,
  { verdict, note, nowMs }: CorrectionDecision,
): Promise<void> {
  const status = verdict === 'approve' ? 'approved' : 'rejected';
  const { id, session_id, from_mark: from, to_mark: to } = request;
  const body = { correction_id: id, session_id, status, from, to, note };
  return tellStudents(
    trx,
    [{ kind: 'correction_decided', subjectId: id, studentId: request.student_id, body }],
    nowMs,
  );
}
