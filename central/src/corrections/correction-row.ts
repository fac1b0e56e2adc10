import { RollcallError } from '@rollcall/protocol/errors';
import type { DeciderLevel } from '../auth/decider.js';
import type { Knex } from '../db/database.js';
import type { Mark } from '../rules/facts.js';

export const CORRECTION_STATUSES = ['pending', 'approved', 'rejected', 'cancelled'] as const;
export type CorrectionStatus = (typeof CORRECTION_STATUSES)[number];

/** Marks that a person can ask for, and ask to have changed. */
export const CORRECTABLE_MARKS = ['present', 'absent', 'late', 'excused'] as const;
export type CorrectableMark = (typeof CORRECTABLE_MARKS)[number];

export const isCorrectable = (mark: unknown): mark is CorrectableMark =>
  (CORRECTABLE_MARKS as readonly unknown[]).includes(mark);

export const CORRECTION_TABLE = 'attendance_correction_request';

/** What decisions about one request look at. */
export interface HeldCorrection {
  id: string;
  session_id: string;
  student_id: string;
  from_mark: CorrectableMark;
  to_mark: CorrectableMark;
  reason: string;
  document_name: string | null;
  status: CorrectionStatus;
  requested_by: string | null;
  decided_by: string | null;
  decided_at: Date | null;
  decider_level: DeciderLevel;
  first_approved_by: string | null;
  version: number;
}

export async function holdCorrection(trx: Knex, id: string): Promise<HeldCorrection> {
  const request = await trx(CORRECTION_TABLE).where({ id }).forUpdate().first<HeldCorrection | undefined>();
  if (request === undefined) throw unknownCorrection(id);
  return request;
}

export const unknownCorrection = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no correction request ${id}; look it up in the list`);

export interface RecordNow {
  id: string;
  mark: Mark;
  source: string;
  reason: string;
}

/**
 * The record as it is now, where it still is what the request is about.
 *
 * @throws RollcallError `NOT_ON_ROSTER`, or `STALE` with the mark of now (domain case 133)
 */
export async function recordAsSeen(
  trx: Knex,
  { sessionId, studentId, fromMark }: { sessionId: string; studentId: string; fromMark: Mark },
): Promise<RecordNow> {
  const record = await trx('attendance_record')
    .where({ session_id: sessionId, student_id: studentId })
    .first<RecordNow | undefined>('id', 'mark', 'source', 'reason');
  if (record === undefined) {
    throw new RollcallError(
      'NOT_ON_ROSTER',
      'The student has no mark in this class: there is nothing to correct',
    );
  }
  if (record.mark === fromMark) return record;
  throw new RollcallError(
    'STALE',
    `The mark is not ${fromMark} any more: it is ${record.mark}; look at it again before you go on`,
    { context: { mark: record.mark } },
  );
}
