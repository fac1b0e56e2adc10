import { RollcallError } from '@rollcall/protocol/errors';
import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import { requireFingerprintConsent, revokeTemplates } from '../consent/consents.js';
import type { Knex } from '../db/database.js';
import { finishIfComplete, requireLiveEnrollment } from '../enrollment/live-enrollment.js';
import type { Seal } from '../privacy/seal.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';
import { insertTemplate } from './insert-template.js';

export interface EnrolledTemplate extends SealedTemplate {
  gatewayId: string;
  /** 0..1; null where the module does not tell it. */
  quality: number | null;
  enrollmentId: string;
}

export interface StoredTemplate {
  templateId: string;
  /** The template of this finger that was destroyed for it. */
  replaces: string | null;
}

/**
 * Keeps a template that a gateway has enrolled, sealed once more, and offers it to every gateway. Repeated, it changes
 * nothing. The older template of the same finger and format is destroyed everywhere.
 *
 * @throws RollcallError `NOT_FOUND` (no such student), `ENROLLMENT_ENDED`, `FINGER_EXEMPT`, `CONSENT_MISSING` (the consent
 *   has ended since), `ALREADY_EXISTS`
 */
export async function storeTemplate(
  trx: Knex,
  enrolled: EnrolledTemplate,
  { seal, today, nowMs }: { seal: Seal; today: string; nowMs: number },
): Promise<StoredTemplate> {
  const student = await trx('student').where({ roll_number: enrolled.student_ref }).forUpdate().first('id');
  if (student === undefined) {
    throw new RollcallError('NOT_FOUND', 'There is no such student; fetch the roster again');
  }
  const finger = { student_id: student.id as string, finger_position: enrolled.finger_position };
  if (await isStored(trx, enrolled.template_id, finger)) {
    return { templateId: enrolled.template_id, replaces: null };
  }
  const at = new Date(nowMs);
  const { enrollmentId, gatewayId } = enrolled;
  const consentId = await requireLiveEnrollment(trx, {
    enrollmentId,
    gatewayId,
    studentId: finger.student_id,
    fingerPosition: finger.finger_position,
    at,
  });
  const consent = await requireFingerprintConsent(trx, seal, { studentId: finger.student_id, today });
  if (consent !== consentId) {
    throw new RollcallError(
      'CONSENT_MISSING',
      'The consent that this enrollment began with has ended, and another one was given: begin the enrollment again',
    );
  }
  const older = await trx('attendance_biometric_template')
    .where({ ...finger, format: enrolled.format, state: 'active' })
    .pluck<string[]>('id');
  if (older.length > 0) {
    await revokeTemplates(trx, older, { accountId: null, nowMs, reason: 'enrolled anew' });
  }
  await insertTemplate(
    trx,
    {
      id: enrolled.template_id,
      studentId: finger.student_id,
      fingerPosition: finger.finger_position,
      format: enrolled.format,
      sealed: enrolled.sealed,
      quality: enrolled.quality,
      consentId,
      enrollmentId,
      performedBy: `gateway:${gatewayId}`,
    },
    { seal, at },
  );
  await trx.raw("SELECT pg_notify(?, '')", [ROSTER_CHANNEL]);
  await finishIfComplete(trx, { enrollmentId, gatewayId, at });
  return { templateId: enrolled.template_id, replaces: older[0] ?? null };
}

interface Finger {
  student_id: string;
  finger_position: number;
}

async function isStored(trx: Knex, id: string, finger: Finger): Promise<boolean> {
  const stored = await trx('attendance_biometric_template')
    .where({ id })
    .first<(Finger & { state: string }) | undefined>('student_id', 'finger_position', 'state');
  if (stored === undefined) return false;
  const isSame = stored.student_id === finger.student_id && stored.finger_position === finger.finger_position;
  if (isSame && stored.state === 'active') return true;
  throw new RollcallError(
    'ALREADY_EXISTS',
    'This template id was used before, for another finger or for one that was revoked: enroll again under a new id',
  );
}
