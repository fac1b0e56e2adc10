import type { Health } from '@rollcall/protocol/health';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { wakeIfFinalizable } from '../sessions/wake-scheduler.js';

/** Health reports of one gateway that wait for their rows; older ones say less and go first. */
const CLAIMS_MAX = 64;

/**
 * Remembers that everything the gateway's devices saw before `complete_through` is at or below `head_seq`.
 * Only of use with a synced clock: the instants of any other are not comparable with class times.
 */
export async function claimWatermark(trx: Knex, gatewayId: string, health: Health): Promise<void> {
  const devices = Object.fromEntries(
    health.devices.flatMap(({ device_id, complete_through }) =>
      complete_through === null ? [] : [[device_id, complete_through]],
    ),
  );
  await trx.raw(
    `INSERT INTO gateway_watermark_claim (gateway_id, store_id, head_seq, as_of, devices)
     VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [gatewayId, health.store_id, health.head_seq, health.as_of, JSON.stringify(devices)],
  );
  await trx.raw(
    `DELETE FROM gateway_watermark_claim WHERE gateway_id = :gatewayId AND as_of < (
       SELECT as_of FROM gateway_watermark_claim WHERE gateway_id = :gatewayId ORDER BY as_of DESC OFFSET ${CLAIMS_MAX - 1} LIMIT 1)`,
    { gatewayId },
  );
}

/**
 * Moves `complete_through` of devices by every claim whose rows are all settled, in the transaction that
 * settled them. It never goes back. Class sessions that waited for nothing else are finalized at once.
 */
export async function promoteClaims(trx: Knex, gatewayIds: string[]): Promise<void> {
  const { rows } = await prepared<{ rows: { room_id: string | null }[] }>(
    trx,
    `WITH done AS (
       DELETE FROM gateway_watermark_claim c USING gateway_store g
       WHERE c.gateway_id = ANY(?::text[]) AND g.gateway_id = c.gateway_id AND g.store_id = c.store_id
         AND (c.head_seq = 0 OR g.settled @> int8range(1, c.head_seq, '[]'))
       RETURNING c.gateway_id, c.devices
     ),
     reached AS (
       SELECT done.gateway_id, entry.key AS device_id, max(entry.value::timestamptz) AS complete_through
       FROM done, jsonb_each_text(done.devices) entry GROUP BY 1, 2
     )
     UPDATE attendance_biometric_device d SET complete_through = r.complete_through
     FROM reached r
     WHERE d.gateway_id = r.gateway_id AND d.device_id = r.device_id
       AND (d.complete_through IS NULL OR d.complete_through < r.complete_through)
     RETURNING d.room_id`,
    [gatewayIds],
  );
  await wakeIfFinalizable(trx, [...new Set(rows.flatMap(({ room_id }) => room_id ?? []))]);
}
