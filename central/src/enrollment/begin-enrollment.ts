import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { isUniqueViolation } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { notifyLive } from '../marks/notify.js';
import { ANSWER_WITHIN_MS, expireEnrollments, FINGER_WITHIN_MS } from './enrollment-state.js';

export interface NewEnrollment {
  studentId: string;
  /** The consent in force, as `requireFingerprintConsent` gave it in this transaction. */
  consentId: string;
  gatewayId: string;
  deviceId: string;
  fingers: readonly number[];
  nowMs: number;
  /** Account of the officer; null: the command line of the gateway, which has begun already. */
  accountId: string | null;
}

/**
 * @returns the id of the enrollment
 * @throws RollcallError `NOT_FOUND` (no such scanner), `ENROLLMENT_BUSY`
 */
export async function beginEnrollment(trx: Knex, wanted: NewEnrollment): Promise<string> {
  const { studentId, consentId, gatewayId, deviceId, fingers, nowMs, accountId } = wanted;
  const at = new Date(nowMs);
  await requireScanner(trx, gatewayId, deviceId);
  await expireEnrollments(trx, at);
  const isOfGateway = accountId === null;
  const [row] = (await trx('enrollment')
    .insert({
      student_id: studentId,
      consent_id: consentId,
      gateway_id: gatewayId,
      device_id: deviceId,
      fingers,
      state: isOfGateway ? 'running' : 'requested',
      requested_by: accountId,
      requested_at: at,
      started_at: isOfGateway ? at : null,
      expires_at: new Date(nowMs + (isOfGateway ? fingers.length * FINGER_WITHIN_MS : ANSWER_WITHIN_MS)),
    })
    .returning('id')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new RollcallError(
        'ENROLLMENT_BUSY',
        'Fingers are being enrolled at this scanner, or of this student, already: cancel that first, or wait for its end',
        { cause: error },
      );
    })) as { id: string }[];
  const { id } = row as { id: string };
  await writeAudit(trx, [
    {
      at,
      entityType: 'enrollment',
      entityId: id,
      action: 'begin',
      performedBy: accountId ?? `gateway:${gatewayId}`,
      source: isOfGateway ? 'system' : 'manual',
      after: { gateway: gatewayId, device: deviceId, fingers, consent: consentId },
      studentId,
    },
  ]);
  await notifyLive(trx, { type: 'enrollment', ids: [id] });
  return id;
}

async function requireScanner(trx: Knex, gatewayId: string, deviceId: string): Promise<void> {
  const scanner = await trx('attendance_biometric_device')
    .join('gateway', 'gateway.id', 'attendance_biometric_device.gateway_id')
    .where({ gateway_id: gatewayId, device_id: deviceId, device_type: 'fingerprint', is_enabled: true })
    .whereNull('gateway.revoked_at')
    .first<{ device_id: string } | undefined>('device_id');
  if (scanner === undefined) {
    throw new RollcallError(
      'NOT_FOUND',
      `There is no fingerprint scanner ${deviceId} in use at gateway ${gatewayId}; see the list of devices`,
    );
  }
}
