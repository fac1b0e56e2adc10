import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Writer } from './write-as.js';

/** Rows of a request that were refused although the rest of it was taken: each locked class says so once (domain case 18). */
export async function auditLockedRows(
  trx: Knex,
  { principal, request }: Writer,
  { sessionIds, nowMs }: { sessionIds: Iterable<string>; nowMs: number },
): Promise<void> {
  await writeAudit(
    trx,
    [...sessionIds].map((sessionId) => ({
      at: new Date(nowMs),
      entityType: 'request',
      entityId: `${request.method} ${request.path}`,
      action: 'refused',
      performedBy: principal.accountId,
      reason: 'SESSION_LOCKED',
      sessionId,
    })),
  );
}
