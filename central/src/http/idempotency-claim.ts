import { RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import type { Knex } from '../db/database.js';

/** The right to run one request with an Idempotency-Key. */
export interface Claim {
  accountId: string;
  key: string;
  id: string;
  /** True once a transaction of the request has committed. */
  isCommitted: boolean;
}

const claims = new WeakMap<Request, Claim>();

export const holdClaim = (request: Request, claim: Claim): void => void claims.set(request, claim);
export const dropClaim = (request: Request): void => void claims.delete(request);
export const claimOf = (request: Request): Claim | undefined => claims.get(request);

/**
 * Notes within the transaction of the work that it is done: both are committed, or neither.
 *
 * @throws RollcallError `REQUEST_IN_FLIGHT` where another process has taken the request over
 */
export async function markCommitted(trx: Knex, claim: Claim): Promise<void> {
  const changed = await trx('idempotent_answer')
    .where({ account_id: claim.accountId, key: claim.key, claim: claim.id })
    .update({ committed_at: trx.fn.now() });
  if (changed === 1) return;
  throw new RollcallError(
    'REQUEST_IN_FLIGHT',
    'This request took so long that its repetition was begun elsewhere; ask again in a second',
    { context: { retryAfterSeconds: 1 } },
  );
}
