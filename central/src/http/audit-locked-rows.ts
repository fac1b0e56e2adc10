import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Writer } from './write-as.js';

/** Classes that are named in one row. */
const LOCKED_CLASSES_MAX = 100;

/**
 * Rows of a request that were refused although the rest of it was taken: one audit row of the request with the classes
 * that are locked, however many a file names (domain case 18).
 */
export async function auditLockedRows(
  trx: Knex,
  { principal, request }: Writer,
  { sessionIds, nowMs }: { sessionIds: Iterable<string>; nowMs: number },
): Promise<void> {
  const locked = [...new Set(sessionIds)];
  if (locked.length === 0) return;
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'request',
      entityId: `${request.method} ${request.path}`,
      action: 'refused',
      performedBy: principal.accountId,
      reason: 'SESSION_LOCKED',
      sessionId: locked.length === 1 ? (locked[0] ?? null) : null,
      after: { locked_sessions: locked.length, session_ids: locked.slice(0, LOCKED_CLASSES_MAX) },
    },
  ]);
}
