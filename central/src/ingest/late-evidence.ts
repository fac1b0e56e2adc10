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

/** Too late to count by itself, or sent while two machines used one identity (domain cases 81, 95). */
const IS_DOUBTED = `(coalesce(p.received_at - p.effective_at > ?::int * interval '1 hour', false)
  OR coalesce(p.received_at >= g.suspended_at, false))`;

/**
 * Holds punches that came later than GATEWAY_SYNC_MAX_AGE_HOURS after they happened: they are kept, and count
 * for a class session once a person has accepted them for it (domain case 81). One batch per gateway takes all
 * of an outage, until somebody begins to decide about it. A punch that turns out to be young, because its clock
 * became known, is let go again: the order in which evidence comes decides nothing.
 */
export async function holdLateEvidence(trx: Knex, { candidates, bindings, at }: LateEvidence): Promise<void> {
  const { GATEWAY_SYNC_MAX_AGE_HOURS: hours } = await settingsAt(trx, { atMs: at.getTime() });
  const chosen = `FROM (${candidates}) c JOIN punch p USING (gateway_id, store_id, seq, received_month)
    JOIN gateway g ON g.id = p.gateway_id`;
  const touched = new Set<string>();
  const { rows: held } = await trx.raw<{ rows: { review_batch_id: string }[] }>(
    `WITH young AS (
       SELECT p.gateway_id, p.store_id, p.seq, p.received_month, p.review_batch_id ${chosen}
         JOIN review_batch b ON b.id = p.review_batch_id AND b.deciding_at IS NULL AND NOT b.is_in_doubt
       WHERE NOT ${IS_DOUBTED}
     ), released AS (
       UPDATE punch p SET review_batch_id = NULL FROM young y
       WHERE p.gateway_id = y.gateway_id AND p.store_id = y.store_id AND p.seq = y.seq
         AND p.received_month = y.received_month
     )
     SELECT DISTINCT p.review_batch_id ${chosen} WHERE p.review_batch_id IS NOT NULL`,
    [...bindings, hours, ...bindings],
  );
  for (const { review_batch_id: id } of held) touched.add(id);
  const late = `SELECT p.gateway_id, p.store_id, p.seq, p.received_month ${chosen}
    WHERE p.review_batch_id IS NULL AND ${IS_DOUBTED}`;
  const { rows: gateways } = await trx.raw<{ rows: { gateway_id: string }[] }>(
    `SELECT DISTINCT gateway_id FROM (${late}) l ORDER BY 1`,
    [...bindings, hours],
  );
  for (const { gateway_id: gatewayId } of gateways) {
    const batchId = await openBatch(trx, gatewayId, at);
    await trx.raw(
      `WITH late AS (${late} AND p.gateway_id = ?)
       UPDATE punch p SET review_batch_id = ? FROM late l
       WHERE p.gateway_id = l.gateway_id AND p.store_id = l.store_id AND p.seq = l.seq
         AND p.received_month = l.received_month`,
      [...bindings, hours, gatewayId, batchId],
    );
    await trx.raw(
      `UPDATE review_batch b SET is_in_doubt = true FROM gateway g
       WHERE b.id = ? AND g.id = b.gateway_id AND g.suspended_at IS NOT NULL`,
      [batchId],
    );
    touched.add(batchId);
  }
  await recountBatches(trx, [...touched], at);
}

/** A batch about which somebody has begun to decide takes nothing more: nobody accepts what they have not seen. */
async function openBatch(trx: Knex, gatewayId: string, at: Date): Promise<string> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM review_batch WHERE gateway_id = ? AND closed_at IS NULL AND deciding_at IS NULL
     ORDER BY opened_at DESC LIMIT 1 FOR UPDATE`,
    [gatewayId],
  );
  if (rows[0] !== undefined) return rows[0].id;
  const [made] = await trx('review_batch')
    .insert({ gateway_id: gatewayId, opened_at: at })
    .returning<{ id: string }[]>('id');
  if (made === undefined) throw new Error('an insert returned no row');
  return made.id;
}

/**
 * Counts again what these batches hold, by class session: after punches came, and after held ones got another
 * time or owner. What somebody has decided already stays decided.
 */
export async function recountBatches(trx: Knex, batchIds: readonly string[], at: Date): Promise<void> {
  for (const batchId of [...batchIds].sort()) {
    await trx.raw(COUNT_SESSIONS, [batchId, batchId, batchId, batchId]);
    await trx.raw(
      `UPDATE review_batch b SET events = h.events, first_at = h.first_at, last_at = h.last_at, version = b.version + 1
       FROM (SELECT count(*) AS events, min(effective_at) AS first_at, max(effective_at) AS last_at
             FROM punch WHERE review_batch_id = ?) h
       WHERE b.id = ?`,
      [batchId, batchId],
    );
    await settleBatch(trx, batchId, at);
  }
}

/** Which class sessions the held punches of a batch concern, and how many for each. */
const COUNT_SESSIONS = `
  WITH held AS MATERIALIZED (
    SELECT student_id, effective_at FROM punch
    WHERE review_batch_id = ? AND student_id IS NOT NULL AND outcome IN ('recognized', 'blocked')
  ),
  counted AS MATERIALIZED (
    SELECT concerned.session_id, count(*) AS events
    FROM (${concernedSessions('held')}) concerned
    JOIN attendance_session s ON s.id = concerned.session_id
    JOIN held ON held.student_id = concerned.student_id
      AND held.effective_at BETWEEN s.reach_from AND s.reach_until
    GROUP BY concerned.session_id
  ),
  gone AS (
    DELETE FROM review_batch_session rv WHERE rv.batch_id = ?::uuid AND rv.decision IS NULL
      AND NOT EXISTS (SELECT FROM counted WHERE counted.session_id = rv.session_id)
  )
  INSERT INTO review_batch_session (batch_id, session_id, events)
  SELECT ?::uuid, session_id, events FROM counted
  ON CONFLICT (batch_id, session_id) DO UPDATE SET events = excluded.events
    WHERE review_batch_session.batch_id = ?::uuid AND review_batch_session.decision IS NULL`;

/** Closes a batch with nothing left to decide, and keeps one item before a person until then. */
export async function settleBatch(trx: Knex, batchId: string, at: Date): Promise<void> {
  const { rows } = await trx.raw<{
    rows: { gateway_id: string; events: number; sessions: number; undecided: number }[];
  }>(
    `UPDATE review_batch b
     SET closed_at = CASE WHEN c.undecided > 0 OR c.sessions = 0 THEN NULL ELSE coalesce(b.closed_at, ?) END
     FROM (SELECT count(*) AS sessions, count(*) FILTER (WHERE decision IS NULL) AS undecided
           FROM review_batch_session WHERE batch_id = ?) c
     WHERE b.id = ? RETURNING b.gateway_id, b.events, c.sessions, c.undecided`,
    [at, batchId, batchId],
  );
  const batch = rows[0];
  if (batch === undefined) return;
  const { gateway_id: gatewayId, events, sessions, undecided } = batch;
  const told = trx('exception_item')
    .where({ code: 'LATE_EVIDENCE_REVIEW', gateway_id: gatewayId, resolved_at: null })
    .whereRaw("detail->>'review_batch_id' = ?", [batchId]);
  if (undecided === 0) {
    await told.update({ resolved_at: at });
    return;
  }
  const message =
    `Evidence of ${gatewayId} waits for a person: ${events} events, ${sessions} class sessions. It came very ` +
    'late, or while its identity was in doubt; accept or refuse it under review batches';
  const detail = JSON.stringify({ review_batch_id: batchId, events, sessions });
  if ((await told.update({ message, detail })) > 0) return;
  await trx('exception_item').insert({
    at,
    code: 'LATE_EVIDENCE_REVIEW',
    message,
    gateway_id: gatewayId,
    detail,
  });
}
