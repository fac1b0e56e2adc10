import type { Knex } from '../db/database.js';
import type { DateRange } from '../marks/queue.js';
import { recountBatches } from './late-evidence.js';

/**
 * Which class sessions held evidence concerns depends on rosters and on times of classes. Where one of them changes
 * after the evidence came, its batch asks a person about those classes, too: nobody is absent because nobody was
 * asked (domain cases 38, 79, 81).
 */
export async function recountHeldOfStudent(
  trx: Knex,
  studentId: string,
  { from, until, at }: DateRange & { at: Date },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    // A day more at both ends: the dates are local ones, and a class may end on the next.
    `SELECT DISTINCT review_batch_id AS id FROM punch
     WHERE student_id = ?::uuid AND review_batch_id IS NOT NULL AND effective_at >= ?::date - interval '1 day'
       AND effective_at < coalesce(?::date + interval '2 days', 'infinity')`,
    [studentId, from, until],
  );
  await recount(trx, rows, at);
}

/** The same after a class session was made or changed: what was held for it, and what is held for it now. */
export async function recountHeldOfSession(trx: Knex, sessionId: string, at: Date): Promise<void> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT batch_id AS id FROM review_batch_session WHERE session_id = ?::uuid
     UNION
     SELECT p.review_batch_id FROM session_section g
       JOIN roster_membership m ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
       JOIN punch p ON p.student_id = m.student_id AND p.effective_at BETWEEN g.reach_from AND g.reach_until
     WHERE g.session_id = ?::uuid AND p.review_batch_id IS NOT NULL`,
    [sessionId, sessionId],
  );
  await recount(trx, rows, at);
}

const recount = (trx: Knex, rows: readonly { id: string }[], at: Date): Promise<void> =>
  recountBatches(
    trx,
    rows.map(({ id }) => id),
    at,
  );
