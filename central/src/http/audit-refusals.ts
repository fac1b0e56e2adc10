import { isRollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import { writeAudit } from '../audit/write-audit.js';
import type { Principal } from '../auth/principal.js';
import type { Knex } from '../db/database.js';
import type { HttpContext } from './route.js';
import { type Writer, writeAs } from './write-as.js';

/**
 * Somebody signed in tried what is not theirs, or what is closed for good (domain cases 18, 120, 156), or was asked for the
 * password or a code again and had another one (case 105).
 */
const AUDITED_CODES = new Set<string>([
  'FORBIDDEN',
  'HIGHER_DECIDER_NEEDED',
  'LOGIN_REFUSED',
  'NOT_FOUND',
  'SESSION_LOCKED',
]);

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

/** Leaves an audit row of a refused attempt; that it could not be written never changes the answer. */
export async function auditRefusal(
  context: HttpContext,
  error: unknown,
  attempt: { request: Request; path: string; principal: Principal | undefined },
): Promise<void> {
  if (!isRollcallError(error) || !AUDITED_CODES.has(error.code)) return;
  const principal = attempt.principal ?? (error.context['principal'] as Principal | undefined);
  if (principal === undefined || principal.accountId === null) return;
  const { request, path } = attempt;
  try {
    await writeAs(context.db.knex, { principal, request }, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(context.clock.wallMs()),
          entityType: 'request',
          entityId: `${request.method} ${request.path}`.slice(0, 300),
          action: 'refused',
          performedBy: principal.accountId,
          reason: error.code,
          after: { route: path },
        },
      ]),
    );
  } catch (failure) {
    context.log.warn({ err: failure, path }, 'a refused attempt could not be written to the audit log');
  }
}
