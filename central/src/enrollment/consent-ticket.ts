import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';

/** From the first use of a consent at a command line: enough to begin anew after a finger that could not be read. */
export const TICKET_WITHIN_MS = 30 * 60_000;

export interface Ticket {
  studentId: string;
  consentId: string;
  fingers: readonly number[];
  at: Date;
}

/**
 * A gateway can keep what was typed at it. So the id of a consent opens enrollments for a short while from its first
 * use, and none of a finger that is enrolled already: anything else an officer begins in central.
 *
 * @throws RollcallError `ENROLLMENT_ENDED` (the id has served), `ALREADY_EXISTS` (the finger is enrolled)
 */
export async function requireFreshTicket(
  trx: Knex,
  { studentId, consentId, fingers, at }: Ticket,
): Promise<void> {
  const served = await trx('enrollment')
    .where({ consent_id: consentId, requested_by: null })
    .where('requested_at', '<=', new Date(at.getTime() - TICKET_WITHIN_MS))
    .first<{ id: string } | undefined>('id');
  if (served !== undefined) {
    throw new RollcallError(
      'ENROLLMENT_ENDED',
      'The id of this consent has served at a command line before, and does not again: begin the enrollment in central',
    );
  }
  const enrolled = await trx('attendance_biometric_template')
    .where({ student_id: studentId, state: 'active' })
    .whereIn('finger_position', fingers)
    .first<{ id: string } | undefined>('id');
  if (enrolled === undefined) return;
  throw new RollcallError(
    'ALREADY_EXISTS',
    'This finger is enrolled already, and is replaced only from central: begin the enrollment there, or take another finger',
  );
}
