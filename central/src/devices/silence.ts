import { HEALTH_INTERVAL_MS } from '@rollcall/protocol/health';
import type { Knex } from '../db/database.js';
import { notifyGateways } from './live.js';

/** Two health reports missed, and some slack for a slow link. */
export const GATEWAY_SILENT_AFTER_MS = 2.5 * HEALTH_INTERVAL_MS;

/**
 * Tells the pages of gateways that were last heard so long ago that they count as offline since the instant
 * `sinceMs`. Nothing is stored: what makes a gateway silent is the time alone.
 *
 * @returns their ids
 */
export async function notifySilent(knex: Knex, sinceMs: number, nowMs: number): Promise<string[]> {
  const ids = await knex('gateway')
    .where({ state: 'online' })
    .andWhere('last_seen_at', '>=', new Date(sinceMs - GATEWAY_SILENT_AFTER_MS))
    .andWhere('last_seen_at', '<', new Date(nowMs - GATEWAY_SILENT_AFTER_MS))
    .orderBy('id')
    .pluck<string[]>('id');
  if (ids.length > 0) await notifyGateways(knex, ids);
  return ids;
}
