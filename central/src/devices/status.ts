import { parseJson } from '@rollcall/protocol/parse';
import { type Status, statusSchema, supersedes } from '@rollcall/protocol/status';
import type { Knex } from '../db/database.js';
import { noteBoot } from './boots.js';
import { notifyGateways } from './live.js';

export const readStatus = (payload: Uint8Array): Status =>
  parseJson(statusSchema, payload, 'MESSAGE_INVALID', 'The status');

/** A birth or a last will. One that is older than what is known changes nothing, in whichever order they come. */
export async function applyStatus(knex: Knex, gatewayId: string, status: Status, at: Date): Promise<void> {
  await knex.transaction(async (trx) => {
    const gateway = await trx('gateway')
      .where({ id: gatewayId, revoked_at: null })
      .forNoKeyUpdate()
      .first<{ status_session: number; boot_id: string | null } | undefined>('status_session', 'boot_id');
    if (gateway === undefined) return;
    // A will speaks of a boot that is over: only births tell which machine is there now.
    if (status.state === 'online') await noteBoot(trx, gatewayId, status.boot_id, at);
    if (!supersedes(status, { session: gateway.status_session, boot_id: gateway.boot_id ?? '' })) return;
    await trx('gateway').where({ id: gatewayId }).update({
      state: status.state,
      status_session: status.session,
      software: status.software,
      last_seen_at: at,
    });
    await notifyGateways(trx, [gatewayId]);
  });
}
