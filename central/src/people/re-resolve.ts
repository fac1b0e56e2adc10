import type { Knex } from '../db/database.js';
import type { Pair } from '../marks/pair.js';
import { enqueueJudgement, resolutionCtes } from './resolution-sql.js';

export interface ReResolved {
  /** Punches that now have another time or owner. */
  changed: number;
  /** Whose marks are to be judged again; they are queued already. */
  pairs: Pair[];
  /** Review batches that hold changed punches: they are to be counted again. */
  batches: string[];
}

/**
 * Computes time and owner of stored punches again and queues the class sessions they leave and reach.
 *
 * @param candidates SQL that selects (gateway_id, store_id, seq, received_month) of the punches concerned
 */
export async function reResolve(
  knex: Knex,
  candidates: string,
  bindings: Knex.RawBinding[],
): Promise<ReResolved> {
  const { rows } = await knex.raw<{
    rows: { changed: number; pairs: Pair[] | null; batches: string[] | null }[];
  }>(
    `WITH candidate AS (${candidates}),
     source AS (
       SELECT row_number() OVER () AS n, p.gateway_id, p.store_id, p.seq, p.received_month, p.boot_id, p.mono_ms, p.occurred_at,
              p.clock_state, p.kind, p.technology, p.hash_full, p.hash_u32, p.hash_w26, p.claimed_student_ref
       FROM candidate JOIN punch p USING (gateway_id, store_id, seq, received_month)
     ),
     ${resolutionCtes('source')},
     next AS MATERIALIZED (
       SELECT r.*, p.student_id AS old_student_id, p.effective_at AS old_effective_at
       FROM resolved r JOIN punch p USING (gateway_id, store_id, seq, received_month)
       WHERE (p.effective_at, p.time_source, p.outcome, p.student_id, p.matched_projection) IS DISTINCT FROM
             (r.effective_at, r.time_source, r.outcome, r.student_id, r.matched_projection)
     ),
     changed AS (
       UPDATE punch p
       SET effective_at = n.effective_at, time_source = n.time_source, outcome = n.outcome,
           student_id = n.student_id, matched_projection = n.matched_projection
       FROM next n
       WHERE p.gateway_id = n.gateway_id AND p.store_id = n.store_id AND p.seq = n.seq
         AND p.received_month = n.received_month
       RETURNING p.review_batch_id
     ),
     affected AS (
       SELECT student_id, effective_at FROM next WHERE student_id IS NOT NULL
       UNION SELECT old_student_id, old_effective_at FROM next WHERE old_student_id IS NOT NULL
     ),
     queued AS (${enqueueJudgement('affected')} RETURNING session_id, student_id)
     SELECT (SELECT count(*) FROM changed) AS changed,
       (SELECT array_agg(DISTINCT review_batch_id) FROM changed WHERE review_batch_id IS NOT NULL) AS batches,
       (SELECT jsonb_agg(jsonb_build_object('sessionId', session_id, 'studentId', student_id)) FROM queued) AS pairs`,
    bindings,
  );
  return { changed: rows[0]?.changed ?? 0, pairs: rows[0]?.pairs ?? [], batches: rows[0]?.batches ?? [] };
}
