import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { RESOLUTION_LOCK } from '../people/replay-unknown.js';
import { type Retimed, retimePunches } from './retime-punches.js';

export interface SaidOffset {
  gatewayId: string;
  /** Wall times of the gateway; `until` null: from then on. */
  from: Date;
  until: Date | null;
  /** Positive: its clock was ahead. 0 takes back what was measured or said. */
  offsetMs: number;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

interface StoredOffset {
  id: string;
  during: string;
  offset_ms: number;
  reason: string;
}

/**
 * A person says how wrong the clock of a gateway was; what it stamped then is placed anew (domain case 90). It
 * outranks what heartbeats measured, and replaces what somebody said before for the same time.
 *
 * @throws RollcallError `NOT_FOUND`
 */
export async function sayOffset(trx: Knex, said: SaidOffset): Promise<Retimed> {
  const { gatewayId, from, until, offsetMs, reason, accountId, nowMs } = said;
  const at = new Date(nowMs);
  // The order in which ingest takes its locks.
  await trx.raw('SELECT pg_advisory_xact_lock_shared(?)', [RESOLUTION_LOCK]);
  const gateway = await trx('gateway').where({ id: gatewayId }).forNoKeyUpdate().first('id');
  if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${gatewayId}`);
  const before = await carve(trx, said);
  const during = trx.raw('tstzrange(?::timestamptz, ?::timestamptz)', [from, until as Date]);
  const [stored] = await trx('gateway_clock_offset')
    .insert({
      gateway_id: gatewayId,
      during,
      offset_ms: offsetMs,
      source: 'person',
      reason,
      set_at: at,
      set_by: accountId,
    })
    .returning<StoredOffset[]>(['id', 'during', 'offset_ms']);
  await writeAudit(trx, [
    {
      at,
      entityType: 'gateway_clock_offset',
      entityId: gatewayId,
      action: 'said',
      performedBy: accountId,
      reason,
      before: { said: before },
      after: { during: stored?.during, offset_ms: offsetMs },
    },
  ]);
  return retimePunches(trx, {
    gatewayId,
    where: `tstzrange(?::timestamptz, ?::timestamptz) @> p.occurred_at OR (p.clock_state <> 'synced' AND EXISTS (
      SELECT FROM clock_anchor a WHERE a.gateway_id = p.gateway_id AND a.boot_id = p.boot_id
        AND tstzrange(?::timestamptz, ?::timestamptz) @> a.wall_at))`,
    bindings: [from, until as Date, from, until as Date],
    at,
  });
}

/** Takes the new time out of what was said before. @returns what had been said about it */
async function carve(trx: Knex, { gatewayId, from, until }: SaidOffset): Promise<StoredOffset[]> {
  const { rows } = await trx.raw<{ rows: StoredOffset[] }>(
    `DELETE FROM gateway_clock_offset
     WHERE gateway_id = ? AND source = 'person' AND during && tstzrange(?::timestamptz, ?::timestamptz)
     RETURNING *`,
    [gatewayId, from, until as Date],
  );
  if (rows.length === 0) return [];
  await trx.raw(
    `INSERT INTO gateway_clock_offset (gateway_id, during, offset_ms, source, reason, set_at, set_by)
     SELECT o.gateway_id, piece, o.offset_ms, 'person', o.reason, o.set_at, o.set_by
     FROM jsonb_to_recordset(?::jsonb) AS o (gateway_id text, during tstzrange, offset_ms bigint, reason text,
       set_at timestamptz, set_by uuid)
       CROSS JOIN LATERAL unnest(tstzmultirange(o.during) - tstzmultirange(tstzrange(?::timestamptz, ?::timestamptz))) AS piece`,
    [JSON.stringify(rows), from, until as Date],
  );
  return rows.map(({ id, during, offset_ms, reason }) => ({ id, during, offset_ms, reason }));
}
