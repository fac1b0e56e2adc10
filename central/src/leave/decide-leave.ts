import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { refuseOwnCase, requireDecider } from '../auth/decider.js';
import type { Principal } from '../auth/principal.js';
import type { Knex } from '../db/database.js';
import { queueStudent } from '../marks/queue.js';
import { tellStudents } from '../notifications/tell.js';
import { refuseIfExcusesLocked, refuseIfLockedRestsOn } from './covered-classes.js';
import { countsAs } from './leave-policy.js';
import { auditedLeave, type HeldLeave, holdLeave, LEAVE_TABLE, refuseStale } from './leave-row.js';
import { settingsOfStudent } from './settings-of-student.js';

export interface LeaveDecision {
  id: string;
  /** `cancel`: by whoever applies, before a decision. `revoke`: takes an approval back. */
  verdict: 'approve' | 'reject' | 'revoke' | 'cancel';
  note: string;
  principal: Principal;
  expectedVersion?: number | undefined;
  nowMs: number;
}

const FROM = {
  approve: ['pending'],
  reject: ['pending'],
  revoke: ['approved'],
  cancel: ['draft', 'pending'],
} as const;
const TO = { approve: 'approved', reject: 'rejected', revoke: 'revoked', cancel: 'cancelled' } as const;

/**
 * Carries out one decision about one application, in the caller's transaction. Marks follow by the judge: they
 * are a function of the approved leave, so that taking it back gives exactly those marks back that it changed
 * (domain cases 121 to 123).
 *
 * @throws RollcallError `NOT_FOUND`, `ALREADY_DECIDED`, `INVALID_TRANSITION`, `STALE`, `FORBIDDEN`,
 *   `HIGHER_DECIDER_NEEDED` or `SESSION_LOCKED`
 */
export async function decideLeave(trx: Knex, decision: LeaveDecision): Promise<void> {
  const { id, verdict, note, principal, expectedVersion, nowMs } = decision;
  const leave = await holdLeave(trx, id);
  await refuseOther(trx, leave, verdict);
  refuseStale(leave, expectedVersion);
  if (verdict !== 'cancel') {
    await refuseOwnCase(trx, principal, leave.student_id);
    await requireDecider(trx, principal, {
      permission: 'leave.decide',
      needed: leave.decider_level,
      of: { studentId: leave.student_id },
    });
  }
  if (verdict === 'revoke') await refuseIfLockedRestsOn(trx, id);
  const [after] = await trx(LEAVE_TABLE)
    .where({ id })
    .update({ status: TO[verdict], version: leave.version + 1, ...(await columnsOf(trx, leave, decision)) })
    .returning<HeldLeave[]>('*');
  if (verdict === 'approve') await refuseIfExcusesLocked(trx, id);
  if (verdict === 'approve' || verdict === 'revoke') {
    await queueStudent(trx, leave.student_id, { from: leave.start_date, until: leave.end_date });
  }
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: LEAVE_TABLE,
      entityId: id,
      action: verdict,
      performedBy: principal.accountId,
      reason: note,
      before: auditedLeave(leave),
      after: auditedLeave(after as HeldLeave),
      studentId: leave.student_id,
    },
  ]);
  if (verdict !== 'cancel') await tell(trx, leave, decision);
}

async function columnsOf(
  trx: Knex,
  leave: HeldLeave,
  { verdict, note, principal, nowMs }: LeaveDecision,
): Promise<object> {
  const by = principal.accountId;
  const now = new Date(nowMs);
  if (verdict === 'cancel') return {};
  if (verdict === 'revoke') return { revoked_by: by, revoked_at: now, revoke_note: note };
  const settings = await settingsOfStudent(trx, {
    studentId: leave.student_id,
    date: leave.start_date,
    nowMs,
  });
  // As the policy has it when it is decided: a later change never counts anew what was approved.
  return {
    decided_by: by,
    decided_at: now,
    decision_note: note,
    counts_as: countsAs(leave.leave_type, settings),
  };
}

/** The first of two deciders wins, and the second is told so (domain case 129). */
async function refuseOther(trx: Knex, leave: HeldLeave, verdict: LeaveDecision['verdict']): Promise<void> {
  if ((FROM[verdict] as readonly string[]).includes(leave.status)) return;
  const isDecided = ['approved', 'rejected', 'revoked'].includes(leave.status);
  if (isDecided && (verdict === 'approve' || verdict === 'reject')) {
    const { rows } = await trx.raw<{ rows: { display_name: string }[] }>(
      `SELECT a.display_name FROM attendance_leave_application l JOIN account a ON a.id = l.decided_by WHERE l.id = ?::uuid`,
      [leave.id],
    );
    const by = rows[0]?.display_name ?? 'somebody';
    throw new RollcallError(
      'ALREADY_DECIDED',
      `${by} has decided about this application at ${leave.decided_at?.toISOString() ?? 'an earlier time'}: it is ${leave.status}`,
      { context: { status: leave.status } },
    );
  }
  throw new RollcallError(
    'INVALID_TRANSITION',
    `An application that is ${leave.status} cannot become ${TO[verdict]}; it would have to be ${FROM[verdict].join(' or ')}`,
    { context: { from: leave.status, to: TO[verdict] } },
  );
}

function tell(trx: Knex, leave: HeldLeave, { verdict, note, nowMs }: LeaveDecision): Promise<void> {
  return tellStudents(
    trx,
    [
      {
        kind: 'leave_decided',
        subjectId: `${leave.id}/${TO[verdict]}`,
        studentId: leave.student_id,
        body: {
          leave_id: leave.id,
          status: TO[verdict],
          start_date: leave.start_date,
          end_date: leave.end_date,
          note,
        },
      },
    ],
    nowMs,
  );
}
