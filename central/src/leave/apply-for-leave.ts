import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { type SupportingDocument, sealDocument } from '../privacy/document.js';
import type { Seal } from '../privacy/seal.js';
import { type GivenPart, readDayPart } from './day-part.js';
import { calendarDays, countsAs, deciderOf, needsDocument } from './leave-policy.js';
import {
  auditedLeave,
  type HeldLeave,
  holdLeave,
  LEAVE_TABLE,
  type LeaveType,
  refuseStale,
} from './leave-row.js';
import { refuseOverlap } from './overlap.js';
import { settingsOfStudent } from './settings-of-student.js';

/** Longer absence is no leave but an interruption of the studies, and every day of it is looked at. */
export const LEAVE_DAYS_MAX = 366;

/** What somebody asks for. */
export interface LeaveWish {
  leaveType: LeaveType;
  startDate: string;
  endDate: string;
  part: GivenPart;
  affectsAttendance: boolean;
  autoApplyToSessions: boolean;
}

export interface Applying {
  seal: Seal;
  accountId: string | null;
  nowMs: number;
}

export interface NewLeave extends LeaveWish {
  studentId: string;
  reason: string;
  document?: SupportingDocument | undefined;
  isDraft: boolean;
  /** Its letter stands for a document of its own (domain case 128). */
  batchId?: string;
}

/**
 * @returns the id of the application
 * @throws RollcallError `REQUEST_INVALID`, `LEAVE_OVERLAP` or `DOCUMENT_MISSING`
 */
export async function applyForLeave(
  trx: Knex,
  leave: NewLeave,
  { seal, accountId, nowMs }: Applying,
): Promise<string> {
  const id = randomUUID();
  const { columns, isProofNeeded } = await columnsOf(trx, leave, { studentId: leave.studentId, nowMs });
  const status = leave.isDraft ? 'draft' : 'pending';
  const row = {
    id,
    student_id: leave.studentId,
    ...columns,
    ...sealedParts(seal, id, leave),
    status,
    batch_id: leave.batchId ?? null,
    applied_by: accountId,
    applied_at: new Date(nowMs),
  };
  if (status === 'pending') {
    refuseWithoutProof(isProofNeeded && leave.document === undefined);
    await refuseOverlapOf(trx, row);
  }
  const [inserted] = await trx(LEAVE_TABLE).insert(row).returning<HeldLeave[]>('*');
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: LEAVE_TABLE,
      entityId: id,
      action: 'create',
      performedBy: accountId,
      after: { ...auditedLeave(inserted as HeldLeave), has_document: leave.document !== undefined },
      studentId: leave.studentId,
    },
  ]);
  return id;
}

export interface LeaveChange {
  id: string;
  expectedVersion: number | undefined;
  leaveType?: LeaveType | undefined;
  /** Dates and the part of the day go together: with one of them all of them are said anew. */
  span?: { startDate: string; endDate: string; part: GivenPart } | undefined;
  affectsAttendance?: boolean | undefined;
  autoApplyToSessions?: boolean | undefined;
  reason?: string | undefined;
  document?: SupportingDocument | undefined;
  /** Makes an application of a draft. */
  submit: boolean;
}

/**
 * Changes what nobody has decided yet.
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `INVALID_TRANSITION`, and whatever applying is refused for
 */
export async function changeLeave(
  trx: Knex,
  change: LeaveChange,
  { seal, accountId, nowMs }: Applying,
): Promise<void> {
  const before = await holdLeave(trx, change.id);
  if (before.status !== 'draft' && before.status !== 'pending') {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `This application is ${before.status}: only a draft or a pending one is changed`,
    );
  }
  refuseStale(before, change.expectedVersion);
  const { columns, isProofNeeded } = await columnsOf(trx, wishOf(before, change), {
    studentId: before.student_id,
    nowMs,
  });
  const status = change.submit ? 'pending' : before.status;
  const hasDocument =
    change.document !== undefined || before.document_sealed !== null || before.batch_id !== null;
  if (status === 'pending') {
    refuseWithoutProof(isProofNeeded && !hasDocument);
    await refuseOverlapOf(trx, { ...before, ...columns });
  }
  const [after] = await trx(LEAVE_TABLE)
    .where({ id: change.id })
    .update({ ...columns, ...sealedParts(seal, change.id, change), status, version: before.version + 1 })
    .returning<HeldLeave[]>('*');
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: LEAVE_TABLE,
      entityId: change.id,
      action: 'update',
      performedBy: accountId,
      before: auditedLeave(before),
      after: { ...auditedLeave(after as HeldLeave), has_document: hasDocument },
      studentId: before.student_id,
    },
  ]);
}

function wishOf(before: HeldLeave, change: LeaveChange): LeaveWish {
  const kept = {
    startDate: before.start_date,
    endDate: before.end_date,
    part:
      before.start_time === null || before.end_time === null
        ? {}
        : { start_time: before.start_time, end_time: before.end_time },
  };
  return {
    ...(change.span ?? kept),
    leaveType: change.leaveType ?? before.leave_type,
    affectsAttendance: change.affectsAttendance ?? before.affects_attendance,
    autoApplyToSessions: change.autoApplyToSessions ?? before.auto_apply_to_sessions,
  };
}

type LeaveColumns = Pick<
  HeldLeave,
  | 'leave_type'
  | 'start_date'
  | 'end_date'
  | 'start_time'
  | 'end_time'
  | 'affects_attendance'
  | 'auto_apply_to_sessions'
  | 'decider_level'
  | 'counts_as'
>;

async function columnsOf(
  trx: Knex,
  wish: LeaveWish,
  { studentId, nowMs }: { studentId: string; nowMs: number },
): Promise<{ columns: LeaveColumns; isProofNeeded: boolean }> {
  const { leaveType, startDate, endDate, part: given } = wish;
  const days = calendarDays(startDate, endDate);
  if (days < 1) throw new RollcallError('REQUEST_INVALID', 'end_date: must not be before start_date');
  if (days > LEAVE_DAYS_MAX) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `end_date: one application is for at most ${LEAVE_DAYS_MAX} days`,
    );
  }
  const settings = await settingsOfStudent(trx, { studentId, date: startDate, nowMs });
  const part = await readDayPart(trx, { given, studentId, startDate, endDate, settings });
  return {
    isProofNeeded: needsDocument(leaveType, days, settings),
    columns: {
      leave_type: leaveType,
      start_date: startDate,
      end_date: endDate,
      start_time: part.startTime,
      end_time: part.endTime,
      affects_attendance: wish.affectsAttendance,
      auto_apply_to_sessions: wish.autoApplyToSessions,
      decider_level: deciderOf(days, settings),
      counts_as: countsAs(leaveType, settings),
    },
  };
}

function sealedParts(
  seal: Seal,
  id: string,
  { reason, document }: { reason?: string | undefined; document?: SupportingDocument | undefined },
): object {
  const place = { table: LEAVE_TABLE, row: id };
  return {
    ...(reason === undefined
      ? {}
      : { reason_sealed: seal.sealText(reason, { ...place, column: 'reason_sealed' }) }),
    ...(document === undefined ? {} : sealDocument(seal, document, place)),
  };
}

/** A draft may lack it (domain case 131). */
function refuseWithoutProof(isMissing: boolean): void {
  if (!isMissing) return;
  throw new RollcallError(
    'DOCUMENT_MISSING',
    'Medical leave of this length needs a document (supporting_document); save it as a draft until you have one',
  );
}

function refuseOverlapOf(trx: Knex, leave: LeaveColumns & { id: string; student_id: string }): Promise<void> {
  return refuseOverlap(trx, {
    studentId: leave.student_id,
    startDate: leave.start_date,
    endDate: leave.end_date,
    startTime: leave.start_time,
    endTime: leave.end_time,
    exceptId: leave.id,
  });
}
