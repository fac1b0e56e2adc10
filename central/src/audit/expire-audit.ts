import type { Clock } from '@rollcall/protocol/clock';
import type { Knex } from '../db/database.js';
import type { AuditKeys } from './audit-keys.js';
import { tombstoneBytes } from './seal-bytes.js';
import { writeAudit } from './write-audit.js';

/** Seals that one run looks at; retention is never in a hurry. */
const SEALS_PER_RUN_MAX = 500;

export interface ExpireRequest {
  keys: AuditKeys;
  clock: Pick<Clock, 'wallMs'>;
  /** Campus-local: rows of this day and later stay. */
  beforeDay: string;
}

/**
 * Removes sealed audit rows of long ago whose subject is gone too, and leaves a tombstone that accounts for each
 * (domain case 159, A10.20: a trail must outlive what it explains).
 *
 * @returns how many rows went
 */
export async function expireAudit(knex: Knex, request: ExpireRequest): Promise<number> {
  const { rows: seals } = await knex.raw<{ rows: { id: number }[] }>(
    `SELECT s.id FROM audit_seal s WHERE s.day < ?::date
       AND s.rows_sealed > (SELECT coalesce(sum(cardinality(t.removed_ids)), 0) FROM audit_tombstone t WHERE t.seal_id = s.id)
     ORDER BY s.id LIMIT ${SEALS_PER_RUN_MAX}`,
    [request.beforeDay],
  );
  let removed = 0;
  for (const { id } of seals) removed += await knex.transaction((trx) => expireSeal(trx, id, request));
  return removed;
}

async function expireSeal(
  trx: Knex,
  sealId: number,
  { keys, clock, beforeDay }: ExpireRequest,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: { ids: number[] }[] }>(
    'SELECT to_jsonb(expire_audit(?, ?::date)) AS ids',
    [sealId, beforeDay],
  );
  const ids = rows[0]?.ids ?? [];
  if (ids.length === 0) return 0;
  await trx.raw(
    `INSERT INTO audit_tombstone (seal_id, removed_ids, before_day, removed_at, key_id, mac)
     SELECT ?, array_agg(id::bigint ORDER BY id::bigint), ?::date, ?, ?, ? FROM jsonb_array_elements_text(?::jsonb) AS id`,
    [
      sealId,
      beforeDay,
      new Date(clock.wallMs()),
      keys.keyId,
      keys.mac(tombstoneBytes(sealId, ids, beforeDay)),
      JSON.stringify(ids),
    ],
  );
  await writeAudit(trx, [
    {
      at: new Date(clock.wallMs()),
      entityType: 'audit_seal',
      entityId: String(sealId),
      action: 'expire',
      after: { rows_removed: ids.length, before_day: beforeDay },
    },
  ]);
  return ids.length;
}
