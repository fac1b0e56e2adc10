import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Seal, SealedPlace } from '../privacy/seal.js';

/** Bytes of a sealed value that name its key. */
const KEY_ID = { from: 1, to: 5 };

export interface NewTemplate {
  id: string;
  studentId: string;
  fingerPosition: number;
  format: string;
  /** Base64, as a gateway sealed it. */
  sealed: string;
  /** 0..1; null where the module does not tell it. */
  quality: number | null;
  consentId: string;
  /** null: it was enrolled elsewhere. */
  enrollmentId: string | null;
  performedBy: string;
}

/** Where its bytes belong: those of another row do not open. */
export const placeOfTemplate = (templateId: string): SealedPlace => ({
  table: 'attendance_biometric_template',
  column: 'template_sealed',
  row: templateId,
});

/** Keeps a template sealed once more, offers it to every gateway and audits it; whether it may is the caller's to ask. */
export async function insertTemplate(
  trx: Knex,
  template: NewTemplate,
  { seal, at }: { seal: Seal; at: Date },
): Promise<void> {
  const { id, studentId, fingerPosition, format, quality, consentId, enrollmentId } = template;
  const sealed = seal.seal(Buffer.from(template.sealed, 'base64'), placeOfTemplate(id));
  await trx('attendance_biometric_template').insert({
    id,
    student_id: studentId,
    finger_position: fingerPosition,
    format,
    template_sealed: sealed,
    key_id: sealed.toString('hex', KEY_ID.from, KEY_ID.to),
    quality_score: quality,
    consent_id: consentId,
    enrollment_id: enrollmentId,
    enrolled_at: at,
  });
  await trx.raw(
    `INSERT INTO template_deployment (template_id, gateway_id, state, changed_at)
     SELECT ?::uuid, id, 'pushed', ? FROM gateway WHERE revoked_at IS NULL`,
    [id, at],
  );
  await writeAudit(trx, [
    {
      at,
      entityType: 'attendance_biometric_template',
      entityId: id,
      action: 'enroll',
      performedBy: template.performedBy,
      source: 'system',
      after: {
        finger_position: fingerPosition,
        format,
        quality_score: quality,
        consent: consentId,
        enrollment: enrollmentId,
      },
      studentId,
    },
  ]);
}
