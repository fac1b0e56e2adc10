import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { notifyLive } from '../marks/notify.js';
import { endEnrollments } from './enrollment-state.js';

export interface Upload {
  enrollmentId: string;
  gatewayId: string;
  studentId: string;
  fingerPosition: number;
  at: Date;
}

interface Row {
  gateway_id: string;
  student_id: string;
  consent_id: string;
  fingers: number[];
  ended_at: Date | null;
  expires_at: Date;
}

/**
 * A template comes only from the enrollment that somebody asked for: of this gateway, of this student, of this finger,
 * and while it is live. Held until the transaction ends, so that no cancellation slips in between.
 *
 * @returns the consent that was in force when it began; no gateway is told which that is
 * @throws RollcallError `ENROLLMENT_ENDED`, the same for every mismatch: a gateway learns nothing of others by it
 */
export async function requireLiveEnrollment(trx: Knex, upload: Upload): Promise<string> {
  const row = await trx('enrollment').where({ id: upload.enrollmentId }).forUpdate().first<Row | undefined>();
  const fits =
    row !== undefined &&
    row.ended_at === null &&
    row.expires_at > upload.at &&
    row.gateway_id === upload.gatewayId &&
    row.student_id === upload.studentId &&
    row.fingers.includes(upload.fingerPosition);
  if (fits) return row.consent_id;
  throw new RollcallError(
    'ENROLLMENT_ENDED',
    'No enrollment of this finger is going on here: it was cancelled or has expired. Begin it again',
  );
}

/** The enrollment is done with its last finger. */
export async function finishIfComplete(
  trx: Knex,
  { enrollmentId, gatewayId, at }: Pick<Upload, 'enrollmentId' | 'gatewayId' | 'at'>,
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { is_complete: boolean }[] }>(
    `SELECT NOT EXISTS (SELECT FROM unnest(e.fingers) f WHERE NOT EXISTS (
       SELECT FROM attendance_biometric_template t WHERE t.enrollment_id = e.id AND t.finger_position = f)) AS is_complete
     FROM enrollment e WHERE e.id = ?::uuid`,
    [enrollmentId],
  );
  if (rows[0]?.is_complete === true) {
    await endEnrollments(trx, [enrollmentId], { state: 'done', at, by: `gateway:${gatewayId}` });
  } else await notifyLive(trx, { type: 'enrollment', ids: [enrollmentId] });
}
