import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Principal } from '../auth/principal.js';
import type { Knex } from '../db/database.js';
import { type SupportingDocument, sealDocument } from '../privacy/document.js';
import { type Applying, applyForLeave, type LeaveWish } from './apply-for-leave.js';
import { decideLeave } from './decide-leave.js';
import { LEAVE_TABLE, type LeaveStatus } from './leave-row.js';

export const BATCH_TABLE = 'leave_batch';

export interface NewBatch extends Omit<LeaveWish, 'part'> {
  leaveType: 'on_duty' | 'sport';
  part: LeaveWish['part'];
  studentIds: readonly string[];
  title: string;
  reason: string;
  document?: SupportingDocument | undefined;
}

/**
 * One letter for many students: an application for each of them, and all or none (domain case 128).
 *
 * @returns the id of the batch
 * @throws RollcallError whatever applying for one of them is refused for
 */
export async function applyForMany(trx: Knex, batch: NewBatch, applying: Applying): Promise<string> {
  const { studentIds, title, document, leaveType } = batch;
  const { seal, accountId, nowMs } = applying;
  const id = randomUUID();
  await trx(BATCH_TABLE).insert({
    id,
    title,
    leave_type: leaveType,
    ...(document === undefined ? {} : sealDocument(seal, document, { table: BATCH_TABLE, row: id })),
    created_by: accountId,
    created_at: new Date(nowMs),
  });
  // In one order everywhere: two batches that share students cannot wait for each other in a circle.
  for (const studentId of [...new Set(studentIds)].toSorted()) {
    const { document: _letter, ...wish } = batch;
    await applyForLeave(trx, { ...wish, studentId, isDraft: false, batchId: id }, applying);
  }
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: BATCH_TABLE,
      entityId: id,
      action: 'create',
      performedBy: accountId,
      after: {
        title,
        leave_type: leaveType,
        students: studentIds.length,
        has_document: document !== undefined,
      },
    },
  ]);
  return id;
}

export interface BatchDecision {
  id: string;
  verdict: 'approve' | 'reject' | 'revoke';
  note: string;
  principal: Principal;
  nowMs: number;
}

const OPEN_FOR: Readonly<Record<BatchDecision['verdict'], LeaveStatus>> = {
  approve: 'pending',
  reject: 'pending',
  revoke: 'approved',
};

/**
 * Decides about every application of the batch that is still open for it, in one transaction.
 *
 * @returns how many were decided
 * @throws RollcallError `NOT_FOUND`, `ALREADY_DECIDED` where none is open, and whatever deciding one is refused for
 */
export async function decideBatch(trx: Knex, decision: BatchDecision): Promise<number> {
  const { id, verdict, note, principal, nowMs } = decision;
  const batch = await trx(BATCH_TABLE).where({ id }).forUpdate().first('id');
  if (batch === undefined) throw unknownBatch(id);
  const ids: string[] = await trx(LEAVE_TABLE)
    .where({ batch_id: id, status: OPEN_FOR[verdict] })
    .orderBy('student_id')
    .pluck('id');
  if (ids.length === 0) {
    throw new RollcallError(
      'ALREADY_DECIDED',
      `No application of this batch is ${OPEN_FOR[verdict]} any more; read it to see what was decided`,
    );
  }
  for (const leaveId of ids) await decideLeave(trx, { id: leaveId, verdict, note, principal, nowMs });
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: BATCH_TABLE,
      entityId: id,
      action: verdict,
      performedBy: principal.accountId,
      reason: note,
      after: { decided: ids.length },
    },
  ]);
  return ids.length;
}

export const unknownBatch = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no batch of leave ${id}`);
