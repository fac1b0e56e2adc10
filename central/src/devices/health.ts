import { type Health, healthSchema } from '@rollcall/protocol/health';
import { parseJson } from '@rollcall/protocol/parse';
import type { Knex } from '../db/database.js';
import { RESOLUTION_LOCK } from '../people/replay-unknown.js';
import { acknowledgeRoster, acknowledgeTemplates } from './acknowledge-roster.js';
import { noteBoot } from './boots.js';
import { measureClock } from './clock-offset.js';
import { applyDeviceHealth } from './device-status.js';
import { notifyGateways } from './live.js';
import { claimWatermark, promoteClaims } from './watermark.js';

/** A health report from further ahead than this is of a wrong clock, whatever it says about it. */
const FUTURE_TOLERANCE_MS = 120_000;

export const readHealth = (payload: Uint8Array): Health =>
  parseJson(healthSchema, payload, 'MESSAGE_INVALID', 'The health report');

interface HealthMessage {
  gatewayId: string;
  health: Health;
  /** Kept by the broker from before: may be older than what is known. */
  retained: boolean;
  at: Date;
}

/** Stores a health report and what it lets central conclude about class sessions. */
export async function applyHealth(
  knex: Knex,
  { gatewayId, health, retained, at }: HealthMessage,
): Promise<void> {
  await knex.transaction(async (trx) => {
    // The order in which ingest takes its locks.
    await trx.raw('SELECT pg_advisory_xact_lock_shared(?)', [RESOLUTION_LOCK]);
    const gateway = await trx('gateway')
      .where({ id: gatewayId, revoked_at: null })
      .forNoKeyUpdate()
      .first<{ health_at: Date | null }>('health_at');
    if (gateway === undefined) return;
    const isOld =
      retained && gateway.health_at !== null && gateway.health_at.getTime() >= Date.parse(health.as_of);
    if (isOld) return;
    await trx('gateway')
      .where({ id: gatewayId })
      .update({
        health: JSON.stringify(health),
        health_at: health.as_of,
        software: health.software,
        ...(retained ? {} : { last_seen_at: at }),
      });
    if (!retained) await noteBoot(trx, gatewayId, health.boot_id, at);
    if (health.roster_version !== undefined)
      await acknowledgeRoster(trx, { gatewayId, version: health.roster_version, at });
    if (health.templates_version !== undefined)
      await acknowledgeTemplates(trx, { gatewayId, version: health.templates_version, at });
    await applyDeviceHealth(trx, { gatewayId, devices: health.devices, at });
    if (health.clock_state === 'synced') {
      const offsetMs = retained ? 0 : await measureClock(trx, { gatewayId, health, at });
      const believed = inCentralTime(health, offsetMs, at.getTime());
      if (believed !== undefined) await claimWatermark(trx, gatewayId, believed);
      await promoteClaims(trx, [gatewayId]);
    }
    await notifyGateways(trx, [gatewayId]);
  });
}

/**
 * The report with the times of its watermark as a right clock has them, never later than now: a clock that is
 * ahead must not end the wait for what is still to come. Undefined where its clock cannot be believed at all.
 */
function inCentralTime(health: Health, offsetMs: number, nowMs: number): Health | undefined {
  const asOfMs = Date.parse(health.as_of) - offsetMs;
  if (asOfMs > nowMs + FUTURE_TOLERANCE_MS) return undefined;
  const right = (instant: string, latestMs = Number.POSITIVE_INFINITY): string =>
    new Date(Math.min(Date.parse(instant) - offsetMs, latestMs)).toISOString();
  return {
    ...health,
    as_of: right(health.as_of),
    devices: health.devices.map((device) => ({
      ...device,
      complete_through: device.complete_through === null ? null : right(device.complete_through, nowMs),
    })),
  };
}

/**
 * Where a gateway must send from again because this PostgreSQL does not have what the gateway may forget:
 * it was restored from a backup (domain case 161). Undefined when nothing is missing.
 */
export async function missingFrom(
  knex: Knex,
  gatewayId: string,
  health: Health,
): Promise<number | undefined> {
  const { rows } = await knex.raw<{ rows: { through_seq: number }[] }>(
    `SELECT coalesce((SELECT upper(r) - 1 FROM unnest(settled) r WHERE r @> 1::bigint), 0) AS through_seq
     FROM gateway_store WHERE gateway_id = ? AND store_id = ?`,
    [gatewayId, health.store_id],
  );
  const throughSeq = rows[0]?.through_seq ?? 0;
  return health.acked_seq > throughSeq ? throughSeq + 1 : undefined;
}
