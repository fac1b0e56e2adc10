import type { Knex } from '../db/database.js';

/** Tells every replica's live pages that gateways have changed; sent with the caller's transaction. */
export async function notifyGateways(knex: Knex, gatewayIds: readonly string[]): Promise<void> {
  await knex.raw("SELECT pg_notify('rollcall_live', ?)", [
    JSON.stringify({ type: 'gateway', ids: gatewayIds }),
  ]);
}
