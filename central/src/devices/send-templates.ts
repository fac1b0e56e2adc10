import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';
import { placeOfTemplate } from './insert-template.js';

interface Row extends Omit<SealedTemplate, 'sealed'> {
  template_sealed: Buffer;
}

/**
 * Templates that a gateway may hold, as gateways have sealed them; those that were revoked are left out. Every access
 * is audited (seed, security).
 *
 * @throws RollcallError `SEAL_BROKEN`
 */
export async function sendTemplates(
  trx: Knex,
  { gatewayId, ids, at }: { gatewayId: string; ids: readonly string[]; at: Date },
  seal: Seal,
): Promise<SealedTemplate[]> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT t.id AS template_id, s.roll_number AS student_ref, t.finger_position, t.format, t.template_sealed
     FROM attendance_biometric_template t
       JOIN template_deployment d ON d.template_id = t.id AND d.gateway_id = ? AND d.state IN ('pushed', 'acked')
       JOIN student s ON s.id = t.student_id
     WHERE t.id = ANY(?::uuid[]) AND t.state = 'active' ORDER BY t.id`,
    [gatewayId, ids as never],
  );
  await writeAudit(trx, [
    {
      at,
      entityType: 'attendance_biometric_template',
      entityId: gatewayId,
      action: 'deploy',
      performedBy: `gateway:${gatewayId}`,
      source: 'system',
      after: { templates: rows.map(({ template_id }) => template_id) },
    },
  ]);
  return rows.map(({ template_sealed, ...template }) => ({
    ...template,
    sealed: seal.open(template_sealed, placeOfTemplate(template.template_id)).toString('base64'),
  }));
}
