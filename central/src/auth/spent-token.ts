import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { announceAccount } from './announce-account.js';
import type { Client } from './client.js';

/**
 * Two tabs of one browser renew at the same moment with the same token: the second of them is no theft. Later
 * than this, a spent token means that somebody has a copy.
 */
const SPENT_TOGETHER_MS = 10_000;

/** A sign-in that is over. */
export interface Ended {
  /** The account, if this request ended it. */
  endedOf: string | undefined;
}

/** Not by this request. */
export const ENDED: Ended = { endedOf: undefined };

/**
 * A refresh token that was rotated away comes back: both holders are signed out, since one of them is a thief.
 *
 * @returns whether it was renewed a moment ago, or has ended, and for which account just now
 */
export async function readSpent(
  trx: Knex,
  { hash, now, client }: { hash: Buffer; now: Date; client: Client },
): Promise<'together' | Ended> {
  const spent = await trx('spent_refresh_token')
    .where({ refresh_sha256: hash })
    .first<{ login_session_id: string; spent_at: Date } | undefined>('login_session_id', 'spent_at');
  if (spent === undefined) return ENDED;
  if (now.getTime() - spent.spent_at.getTime() < SPENT_TOGETHER_MS) return 'together';
  const [session] = (await trx('login_session')
    .where({ id: spent.login_session_id })
    .whereNull('revoked_at')
    .update({ revoked_at: now, revoked_reason: 'a spent refresh token came back' })
    .returning(['account_id'])) as { account_id: string }[];
  if (session !== undefined) {
    const { account_id: accountId } = session;
    await writeAudit(trx, [
      {
        at: now,
        entityType: 'account',
        entityId: accountId,
        action: 'refresh_token_replayed',
        ...client,
      },
    ]);
    await announceAccount(trx, accountId);
    return { endedOf: accountId };
  }
  return ENDED;
}
