import type { Knex } from '../db/database.js';
import { reResolve } from '../people/re-resolve.js';
import { earliestReceivedMonthSql } from '../people/received-month.js';
import { isTrustedAnchor, isUnplaced } from '../people/resolution-sql.js';
import { holdLateEvidence } from './late-evidence.js';
import { type AnchorRow, IDENTITY_UNNEST, identityBindings } from './verified-batch.js';

/**
 * Stores anchors and moves the punches they place better: those of the same boot that lie nearer to a new
 * anchor than to the ones on either side of it.
 */
export async function insertAnchors(trx: Knex, rows: readonly AnchorRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO clock_anchor (gateway_id, store_id, seq, boot_id, mono_ms, wall_at, clock_state, source)
     SELECT * FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::uuid[], ?::bigint[], ?::timestamptz[], ?::text[], ?::text[])
     ON CONFLICT DO NOTHING`,
    [
      ...identityBindings(rows),
      rows.map(({ row }) => row.boot_id),
      rows.map(({ row }) => row.mono_ms),
      rows.map(({ row }) => row.occurred_at),
      rows.map(({ row }) => row.clock_state),
      rows.map(({ row }) => row.source),
    ],
  );
  const trusted = rows.filter(({ row }) => row.clock_state === 'synced');
  if (trusted.length === 0) return;
  const bindings = identityBindings(trusted);
  const { changed } = await reResolve(trx, PUNCHES_NEAR_ANCHORS, bindings);
  if (changed > 0) await holdLateEvidence(trx, { candidates: PUNCHES_NEAR_ANCHORS, bindings, at });
}

const PUNCHES_NEAR_ANCHORS = `
  SELECT DISTINCT p.gateway_id, p.store_id, p.seq, p.received_month
  FROM ${IDENTITY_UNNEST} AS i(gateway_id, store_id, seq)
  JOIN clock_anchor n USING (gateway_id, store_id, seq)
  CROSS JOIN LATERAL (
    SELECT max(a.mono_ms) AS mono_ms FROM clock_anchor a
    WHERE a.gateway_id = n.gateway_id AND a.boot_id = n.boot_id AND ${isTrustedAnchor('a')} AND a.mono_ms < n.mono_ms
  ) before
  CROSS JOIN LATERAL (
    SELECT min(a.mono_ms) AS mono_ms FROM clock_anchor a
    WHERE a.gateway_id = n.gateway_id AND a.boot_id = n.boot_id AND ${isTrustedAnchor('a')} AND a.mono_ms > n.mono_ms
  ) after
  JOIN punch p ON p.gateway_id = n.gateway_id AND p.boot_id = n.boot_id AND ${isUnplaced('p')}
    AND p.mono_ms >= coalesce((before.mono_ms + n.mono_ms) / 2, 0)
    AND p.mono_ms <= coalesce((after.mono_ms + n.mono_ms + 1) / 2, p.mono_ms)
    -- Nothing of a boot was received before the boot.
    AND p.received_month >= ${earliestReceivedMonthSql("(n.wall_at - n.mono_ms * interval '1 millisecond')")}`;
