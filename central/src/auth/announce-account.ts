import type { Knex } from '../db/database.js';
import { ACCOUNT_CHANNEL } from './accounts.js';

/** Every replica forgets what it knows of the account. */
export async function announceAccount(trx: Knex, accountId: string): Promise<void> {
  await trx.raw('SELECT pg_notify(?, ?)', [ACCOUNT_CHANNEL, accountId]);
}
