import { settingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { concernedSessions } from '../people/resolution-sql.js';

/** The least that GATEWAY_SYNC_MAX_AGE_HOURS can be set to: younger punches need no question. */
export const LATE_AFTER_AT_LEAST = "interval '1 hour'";

interface LateEvidence {
  /** SQL that selects (gateway_id, store_id, seq, received_month) of the punches that may be late. */
  candidates: string;
  bindings: readonly Knex.RawBinding[];
  at: Date;
}

/**
 * Holds punches that came later than GATEWAY_SYNC_MAX_AGE_HOURS after they happened: they are kept, and count
 * for a class session once a person has accepted them for it (domain case 81). One batch per gateway takes all
 * of an outage, until somebody begins to decide about it.
 */
export async function holdLateEvidence(trx: Knex, { candidates, bindings, at }: LateEvidence): Promise<void> {
  const { GATEWAY_SYNC_MAX_AGE_HOURS: hours } = await settingsAt(trx, { atMs: at.getTime() });
  const late = `
    SELECT p.gateway_id, p.store_id, p.seq, p.received_month
    FROM (${candidates}) c JOIN punch p USING (gateway_id, store_id, seq, received_month)
    WHERE p.review_batch_id IS NULL AND p.received_at - p.effective_at > ?::int * interval '1 hour'`;
  const { rows } = await trx.raw<{ rows: { gateway_id: string }[] }>(
    `SELECT DISTINCT gateway_id FROM (${late}) l ORDER BY 1`,
    [...bindings, hours],
  );
  for (const { gateway_id: gatewayId } of rows) {
    const batchId = await openBatch(trx, gatewayId, at);
    await trx.raw(
      `WITH late AS (${late} AND p.gateway_id = ?),
       held AS (
         UPDATE punch p SET review_batch_id = ? FROM late l
         WHERE p.gateway_id = l.gateway_id AND p.store_id = l.store_id AND p.seq = l.seq
           AND p.received_month = l.received_month
         RETURNING p.student_id, p.effective_at, p.outcome
       )
       UPDATE review_batch b SET events = b.events + h.events, first_at = least(b.first_at, h.first_at),
         last_at = greatest(b.last_at, h.last_at)
       FROM (SELECT count(*) AS events, min(effective_at) AS first_at, max(effective_at) AS last_at FROM held) h
       WHERE b.id = ?`,
      [...bindings, hours, gatewayId, batchId, batchId],
    );
    await countSessions(trx, batchId);
    await tellPerson(trx, { batchId, gatewayId, at });
  }
}

/** A batch about which somebody has begun to decide takes nothing more: nobody accepts what they have not seen. */
async function openBatch(trx: Knex, gatewayId: string, at: Date): Promise<string> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM review_batch b WHERE gateway_id = ? AND closed_at IS NULL AND NOT EXISTS (
       SELECT FROM review_batch_session s WHERE s.batch_id = b.id AND s.decision IS NOT NULL)
     ORDER BY opened_at DESC LIMIT 1`,
    [gatewayId],
  );
  if (rows[0] !== undefined) return rows[0].id;
  const [made] = await trx('review_batch')
    .insert({ gateway_id: gatewayId, opened_at: at })
    .returning<{ id: string }[]>('id');
  if (made === undefined) throw new Error('an insert returned no row');
  return made.id;
}

/** Which class sessions the held punches of a batch concern, and how many for each. */
async function countSessions(trx: Knex, batchId: string): Promise<void> {
  await trx.raw(
    `WITH held AS MATERIALIZED (
       SELECT student_id, effective_at FROM punch
       WHERE review_batch_id = ? AND student_id IS NOT NULL AND outcome IN ('recognized', 'blocked')
     )
     INSERT INTO review_batch_session (batch_id, session_id, events)
     SELECT ?::uuid, concerned.session_id, count(*)
     FROM (${concernedSessions('held')}) concerned
     JOIN attendance_session s ON s.id = concerned.session_id
     JOIN held ON held.student_id = concerned.student_id
       AND held.effective_at BETWEEN s.reach_from AND s.reach_until
     GROUP BY concerned.session_id
     ON CONFLICT (batch_id, session_id) DO UPDATE SET events = excluded.events`,
    [batchId, batchId],
  );
}

async function tellPerson(
  trx: Knex,
  { batchId, gatewayId, at }: { batchId: string; gatewayId: string; at: Date },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { events: number; sessions: number }[] }>(
    `SELECT events, (SELECT count(*) FROM review_batch_session WHERE batch_id = b.id) AS sessions
     FROM review_batch b WHERE id = ?`,
    [batchId],
  );
  const { events = 0, sessions = 0 } = rows[0] ?? {};
  const message =
    `${gatewayId} was away so long that its evidence waits for a person: ${events} events, ` +
    `${sessions} class sessions. Accept or refuse them under review batches`;
  const detail = JSON.stringify({ review_batch_id: batchId, events, sessions });
  const told = await trx('exception_item')
    .where({ code: 'LATE_EVIDENCE_REVIEW', gateway_id: gatewayId, resolved_at: null })
    .whereRaw("detail->>'review_batch_id' = ?", [batchId])
    .update({ message, detail });
  if (told > 0) return;
  await trx('exception_item').insert({
    at,
    code: 'LATE_EVIDENCE_REVIEW',
    message,
    gateway_id: gatewayId,
    detail,
  });
}
