import { RollcallError } from '@rollcall/protocol/errors';
import type { DeciderLevel } from '../auth/decider.js';
import type { Knex } from '../db/database.js';

export const LEAVE_TYPES = [
  'medical',
  'maternity',
  'on_duty',
  'sport',
  'personal',
  'emergency',
  'other',
] as const;
export type LeaveType = (typeof LEAVE_TYPES)[number];

export const LEAVE_STATUSES = ['draft', 'pending', 'approved', 'rejected', 'cancelled', 'revoked'] as const;
export type LeaveStatus = (typeof LEAVE_STATUSES)[number];

export const COUNTS_AS = ['attended', 'missed', 'excluded'] as const;
export type CountsAs = (typeof COUNTS_AS)[number];

/** What decisions about one application look at. */
export interface HeldLeave {
  id: string;
  student_id: string;
  leave_type: LeaveType;
  start_date: string;
  end_date: string;
  start_time: string | null;
  end_time: string | null;
  status: LeaveStatus;
  reason_sealed: Buffer | null;
  document_sealed: Buffer | null;
  affects_attendance: boolean;
  auto_apply_to_sessions: boolean;
  decider_level: DeciderLevel;
  counts_as: CountsAs;
  batch_id: string | null;
  applied_by: string | null;
  decided_at: Date | null;
  version: number;
}

export const LEAVE_TABLE = 'attendance_leave_application';

/**
 * Reads one application and keeps it from changing until the transaction ends.
 *
 * @throws RollcallError `NOT_FOUND`
 */
export async function holdLeave(trx: Knex, id: string): Promise<HeldLeave> {
  const leave = await trx(LEAVE_TABLE).where({ id }).forUpdate().first<HeldLeave | undefined>();
  if (leave === undefined) throw unknownLeave(id);
  return leave;
}

/** @throws RollcallError `STALE` where the caller saw another version */
export function refuseStale({ version }: Pick<HeldLeave, 'version'>, expected: number | undefined): void {
  if (expected === undefined || expected === version) return;
  throw new RollcallError(
    'STALE',
    `The application has changed since you read it (version ${version}, not ${expected}); read it again and repeat`,
    { context: { version } },
  );
}

export const unknownLeave = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no leave application ${id}; look it up in the list`);

/** What an audit row keeps of an application: never its reason, which is sealed. */
export function auditedLeave(leave: Omit<HeldLeave, 'reason_sealed' | 'document_sealed'>): object {
  const { leave_type, start_date, end_date, start_time, end_time, status, decider_level, counts_as } = leave;
  return { leave_type, start_date, end_date, start_time, end_time, status, decider_level, counts_as };
}
