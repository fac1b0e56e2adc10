import type { Health } from '@rollcall/protocol/health';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from './alarms.js';
import { addReading, type ClockReading, OFFSET_MIN_MS, runningSince, stableOffset } from './measure-clock.js';
import { retimePunches } from './retime-punches.js';

interface Measured {
  id: string;
  offset_ms: number;
  from_mono_ms: number;
}

export interface Heartbeat {
  gatewayId: string;
  health: Health;
  at: Date;
}

/**
 * Measures the clock of a gateway by its heartbeats: what believes itself synced and is not, is corrected, and
 * everything of this boot that was stamped by the wrong clock is placed anew (domain case 87). The caller holds
 * the gateway.
 *
 * @returns milliseconds that its clock is known to be ahead, 0 as a rule
 */
export async function measureClock(trx: Knex, { gatewayId, health, at }: Heartbeat): Promise<number> {
  const { boot_id: bootId } = health;
  const gateway = await trx('gateway')
    .where({ id: gatewayId })
    .first<{ clock_readings: ClockReading[] }>('clock_readings');
  const readings = addReading(gateway.clock_readings, health, at.getTime());
  await trx('gateway')
    .where({ id: gatewayId })
    .update({ clock_readings: JSON.stringify(readings) });
  const measured = await trx('gateway_clock_offset')
    .where({ gateway_id: gatewayId, boot_id: bootId, until_mono_ms: null })
    .first<Measured | undefined>('id', 'offset_ms', 'from_mono_ms');
  const offsetMs = stableOffset(readings);
  const known = measured?.offset_ms ?? 0;
  if (offsetMs === undefined) return known;
  if (measured !== undefined && Math.abs(offsetMs - known) < OFFSET_MIN_MS) return known;
  const fromMonoMs = await runningSince(trx, { gatewayId, bootId });
  // Without an anchor nothing says since when; one comes at every start.
  if (fromMonoMs === undefined) return known;
  if (measured !== undefined && fromMonoMs <= measured.from_mono_ms) {
    await doubt(trx, { gatewayId, offsetMs, at });
    return known;
  }
  await change(trx, { gatewayId, bootId, measured, offsetMs, fromMonoMs, at });
  return offsetMs;
}

/** The gateway's clock runs as it ran when it was measured: then it is another one that was changed. */
async function doubt(
  trx: Knex,
  { gatewayId, offsetMs, at }: Pick<Change, 'gatewayId' | 'offsetMs' | 'at'>,
): Promise<void> {
  await raiseAlarm(trx, {
    code: 'CLOCK_WRONG',
    message:
      `The clock of ${gatewayId} seems ${describe(offsetMs)}, but it has not been changed since it was measured. ` +
      "Nothing is corrected: look at central's own clock first, then correct the gateway's by hand",
    gatewayId,
    detail: { offset_ms: offsetMs },
    at,
  });
}

interface Change {
  gatewayId: string;
  bootId: string;
  measured: Measured | undefined;
  offsetMs: number;
  fromMonoMs: number;
  at: Date;
}

async function change(trx: Knex, request: Change): Promise<void> {
  const { gatewayId, bootId, measured, offsetMs, fromMonoMs, at } = request;
  if (measured !== undefined) {
    await trx('gateway_clock_offset').where({ id: measured.id }).update({ until_mono_ms: fromMonoMs });
  }
  // A right clock is noted as well: what is measured later is compared with it.
  await trx('gateway_clock_offset').insert({
    gateway_id: gatewayId,
    during: '(,)',
    offset_ms: offsetMs,
    source: 'heartbeat',
    boot_id: bootId,
    from_mono_ms: fromMonoMs,
    set_at: at,
  });
  if (offsetMs === 0 && (measured?.offset_ms ?? 0) === 0) return;
  if (offsetMs !== 0) {
    await raiseAlarm(trx, {
      code: 'CLOCK_WRONG',
      message:
        `The clock of ${gatewayId} is ${describe(offsetMs)} although it believes itself right. Its punches are ` +
        'corrected by that; repair its time server',
      gatewayId,
      detail: { offset_ms: offsetMs },
      at,
    });
  } else {
    await trx('exception_item')
      .where({ code: 'CLOCK_WRONG', gateway_id: gatewayId, resolved_at: null })
      .update({ resolved_at: at });
  }
  await writeAudit(trx, [
    {
      at,
      entityType: 'gateway_clock_offset',
      entityId: gatewayId,
      action: 'measured',
      before: { offset_ms: measured?.offset_ms ?? 0 },
      after: { offset_ms: offsetMs, boot_id: bootId, from_mono_ms: fromMonoMs },
    },
  ]);
  // Anchors of the piece place unsynced rows of the whole boot.
  await retimePunches(trx, {
    gatewayId,
    where: "p.boot_id = ?::uuid AND (p.mono_ms >= ? OR p.clock_state <> 'synced')",
    bindings: [bootId, measured?.from_mono_ms ?? fromMonoMs],
    at,
  });
}

const describe = (offsetMs: number): string =>
  `${Math.round(Math.abs(offsetMs) / 1000)} s ${offsetMs > 0 ? 'ahead' : 'behind'}`;
