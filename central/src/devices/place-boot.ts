import { RollcallError } from '@rollcall/protocol/errors';
import { CLOCK_FLOOR_MS } from '@rollcall/protocol/retime';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { RESOLUTION_LOCK } from '../people/replay-unknown.js';
import { isUnplaced } from '../people/resolution-sql.js';
import { type Retimed, retimePunches } from './retime-punches.js';

export interface PlacedBoot {
  gatewayId: string;
  bootId: string;
  /** When the first of its punches that no clock places was taken. */
  firstAt: Date;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/** Punches of the boot that have no time, or only one that a person said. */
const WAITING = `p.boot_id = ?::uuid AND ${isUnplaced('p')} AND p.time_source IN ('unknown', 'said')`;

/**
 * A person says when a boot was whose clock was never set (domain case 88): the monotonic counter gives the others
 * their times by the first. It replaces what was said before, and gives way to an anchor that comes after all.
 *
 * @throws RollcallError `NOT_FOUND` where nothing waits for a time, `REQUEST_INVALID` for one that cannot have been
 */
export async function placeBoot(trx: Knex, placed: PlacedBoot): Promise<Retimed> {
  const { gatewayId, bootId, firstAt, reason, accountId, nowMs } = placed;
  const at = new Date(nowMs);
  // The order in which ingest takes its locks.
  await trx.raw('SELECT pg_advisory_xact_lock_shared(?)', [RESOLUTION_LOCK]);
  const gateway = await trx('gateway').where({ id: gatewayId }).forNoKeyUpdate().first('id');
  if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${gatewayId}`);
  const firstMonoMs = await firstOf(trx, placed);
  const before = await trx('boot_placement').where({ gateway_id: gatewayId, boot_id: bootId }).first();
  const after = { mono_ms: firstMonoMs, wall_at: firstAt, reason, set_at: at, set_by: accountId };
  await trx('boot_placement')
    .insert({ gateway_id: gatewayId, boot_id: bootId, ...after })
    .onConflict(['gateway_id', 'boot_id'])
    .merge();
  await trx('exception_item')
    .where({ code: 'TIME_UNKNOWN', gateway_id: gatewayId, resolved_at: null })
    .whereRaw("detail->>'boot_id' = ?", [bootId])
    .update({ resolved_at: at, resolved_by: accountId, decision: 'placed', decision_reason: reason });
  await writeAudit(trx, [
    {
      at,
      entityType: 'boot_placement',
      entityId: `${gatewayId}/${bootId}`,
      action: 'said',
      performedBy: accountId,
      reason,
      before: before === undefined ? null : { mono_ms: before.mono_ms, wall_at: before.wall_at },
      after: { mono_ms: firstMonoMs, wall_at: firstAt },
    },
  ]);
  return retimePunches(trx, { gatewayId, where: WAITING, bindings: [bootId], at });
}

/** The position of the first punch that waits. Nothing was captured after central had received it. */
async function firstOf(trx: Knex, { gatewayId, bootId, firstAt }: PlacedBoot): Promise<number> {
  const { rows } = await trx.raw<{ rows: { first_mono_ms: number | null; latest_at: Date | null }[] }>(
    `SELECT min(p.mono_ms) AS first_mono_ms,
       min(p.received_at - p.mono_ms * interval '1 millisecond') + min(p.mono_ms) * interval '1 millisecond' AS latest_at
     FROM punch p WHERE p.gateway_id = ? AND ${WAITING}`,
    [gatewayId, bootId],
  );
  const { first_mono_ms: firstMonoMs, latest_at: latestAt } = rows[0] ?? {};
  if (firstMonoMs == null || latestAt == null) {
    throw new RollcallError('NOT_FOUND', `${gatewayId} has no punches of this boot that wait for a time`);
  }
  if (firstAt > latestAt || firstAt.getTime() < CLOCK_FLOOR_MS) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `first_at: must not be later than ${latestAt.toISOString()}, when the punches had arrived, nor before 2020`,
    );
  }
  return firstMonoMs;
}
