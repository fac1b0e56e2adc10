import { RollcallError } from '@rollcall/protocol/errors';
import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import { writeAudit } from '../audit/write-audit.js';
import { requireFingerprintConsent, revokeTemplates } from '../consent/consents.js';
import type { Knex } from '../db/database.js';
import { finishIfComplete, requireLiveEnrollment } from '../enrollment/live-enrollment.js';
import type { Seal, SealedPlace } from '../privacy/seal.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';

/** Bytes of a sealed value that name its key. */
const KEY_ID = { from: 1, to: 5 };

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

/** Where its bytes belong: those of another row do not open. */
export const placeOfTemplate = (templateId: string): SealedPlace => ({
  table: 'attendance_biometric_template',
  column: 'template_sealed',
  row: templateId,
});

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
  await insert(trx, { enrolled: { ...enrolled, consentId }, finger, seal, at });
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

async function insert(
  trx: Knex,
  {
    enrolled,
    finger,
    seal,
    at,
  }: { enrolled: EnrolledTemplate & { consentId: string }; finger: Finger; seal: Seal; at: Date },
): Promise<void> {
  const { template_id: id, gatewayId } = enrolled;
  const sealed = seal.seal(Buffer.from(enrolled.sealed, 'base64'), placeOfTemplate(id));
  await trx('attendance_biometric_template').insert({
    id,
    ...finger,
    format: enrolled.format,
    template_sealed: sealed,
    key_id: sealed.toString('hex', KEY_ID.from, KEY_ID.to),
    quality_score: enrolled.quality,
    consent_id: enrolled.consentId,
    enrollment_id: enrolled.enrollmentId,
    enrolled_at: at,
  });
  await trx.raw(
    `INSERT INTO template_deployment (template_id, gateway_id, state, changed_at)
     SELECT ?::uuid, id, 'pushed', ? FROM gateway WHERE revoked_at IS NULL`,
    [id, at],
  );
  await trx.raw("SELECT pg_notify(?, '')", [ROSTER_CHANNEL]);
  await writeAudit(trx, [
    {
      at,
      entityType: 'attendance_biometric_template',
      entityId: id,
      action: 'enroll',
      performedBy: `gateway:${gatewayId}`,
      source: 'system',
      after: {
        finger_position: finger.finger_position,
        format: enrolled.format,
        quality_score: enrolled.quality,
        consent: enrolled.consentId,
        enrollment: enrolled.enrollmentId,
      },
      studentId: finger.student_id,
    },
  ]);
}
