import { writeAudit } from '../audit/write-audit.js';
import type { Principal } from '../auth/principal.js';
import type { Knex } from '../db/database.js';
import { type ExportFormat, type ExportRequest, toRequester } from './export-request.js';

/** Told when an export was asked for. */
export const EXPORT_CHANNEL = 'rollcall_export';

export interface WantedExport {
  format: ExportFormat;
  purpose: string;
  request: ExportRequest;
}

/** Puts an export before the job that writes it, audited with everything that is asked for (domain case 154). */
export async function createExport(
  trx: Knex,
  principal: Principal,
  { format, purpose, request }: WantedExport,
  nowMs: number,
): Promise<string> {
  const at = new Date(nowMs);
  const [job] = await trx('export_job')
    .insert({
      requested_by: principal.accountId,
      requested_as: JSON.stringify(toRequester(principal)),
      format,
      purpose,
      request: JSON.stringify(request),
      requested_at: at,
    })
    .returning('id');
  await writeAudit(trx, [
    {
      at,
      entityType: 'export_job',
      entityId: job.id,
      action: 'export_data',
      performedBy: principal.accountId,
      reason: purpose,
      after: { format, ...request },
    },
  ]);
  await trx.raw("SELECT pg_notify(?, '')", [EXPORT_CHANNEL]);
  return job.id;
}
